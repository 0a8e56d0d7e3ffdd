//! The socket to the host, which is the standard input.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use g2g_avdec_protocol::{MAX_MESSAGE, Report, Request};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendFlags, recv, recvmsg, send};

/// What has come.
pub enum Received {
  /// A message.
  Request(Request),
  /// Nothing yet.
  Nothing,
  /// The host is gone, or says what makes no sense: there is nothing more to do.
  Over,
}

/// Takes a message.
/// @param wait whether to wait for one
pub fn receive(wait: bool) -> Received {
  let flags = if wait { RecvFlags::empty() } else { RecvFlags::DONTWAIT };
  let mut buffer = [0u8; MAX_MESSAGE];
  match recv(io::stdin().as_fd(), &mut buffer[..], flags) {
    Ok((0, _)) => Received::Over,
    Ok((length, _)) => Request::read(&buffer[..length]).map_or(Received::Over, Received::Request),
    Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Received::Nothing,
    Err(_) => Received::Over,
  }
}

/// Takes the first message with the descriptors that it brings.
pub fn receive_setup() -> Option<(Request, Vec<OwnedFd>)> {
  let mut bytes = [0u8; 256];
  let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
  let mut ancillary = RecvAncillaryBuffer::new(&mut space);
  let into = &mut [io::IoSliceMut::new(&mut bytes)];
  let got = recvmsg(io::stdin().as_fd(), into, &mut ancillary, RecvFlags::CMSG_CLOEXEC).ok()?;
  if got.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
    return None;
  }
  let mut descriptors = Vec::new();
  for message in ancillary.drain() {
    if let RecvAncillaryMessage::ScmRights(rights) = message {
      descriptors.extend(rights);
    }
  }
  Some((Request::read(&bytes[..got.bytes])?, descriptors))
}

/// Sends a message. Without a host there is nothing to decode for.
pub fn report(report: &Report) {
  let bytes = report.write();
  loop {
    match send(io::stdin().as_fd(), &bytes, SendFlags::NOSIGNAL) {
      Ok(_) => return,
      Err(rustix::io::Errno::INTR) => {}
      Err(_) => std::process::exit(0),
    }
  }
}
