//! A decoder process: started, spoken to, ended.

use std::collections::VecDeque;
use std::env;
use std::io::{self, IoSlice};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::task::{Context, Poll};

use g2g_avdec_protocol::{INPUT_AREA, MAX_MESSAGE, PICTURE_AREA, Report, Request, VERSION};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{
  AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recv, send,
  sendmsg, socketpair,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::shared::Shared;

/// Name of the program.
const PROGRAM: &str = "g2g-avdec-process";

/// The program that decodes: the one that `G2G_AVDEC` names, or the one that lies beside this program.
/// @returns why there is none
pub fn program() -> Result<PathBuf, String> {
  let path = match env::var_os("G2G_AVDEC") {
    Some(path) => PathBuf::from(path),
    None => {
      let own = env::current_exe().map_err(|e| format!("this program's place is not known: {e}"))?;
      own.with_file_name(PROGRAM)
    }
  };
  if path.is_file() {
    return Ok(path);
  }
  Err(format!(
    "{} is missing, which is built where libavcodec is installed (G2G_AVDEC names another place)",
    path.display()
  ))
}

/// What has come from a process.
pub enum Heard {
  /// A message.
  Report(Report),
  /// It is gone, or broke the protocol: how.
  Gone(String),
}

/// A decoder process.
pub struct Process {
  socket: AsyncFd<OwnedFd>,
  child: Child,
  waiting: VecDeque<Vec<u8>>,
  /// Coded frames.
  pub input: Shared,
  /// What was decoded.
  pub pictures: Shared,
}

impl Process {
  /// Starts one. In a runtime of tokio.
  pub fn start() -> Result<Process, String> {
    let program = program()?;
    let failed = |what: &str, e: &dyn std::fmt::Display| format!("the decoder process cannot be started: {what}: {e}");
    let area = |name, size, writes| Shared::new(name, size, writes).map_err(|e| failed("shared memory", &e));
    let (mut input, mut pictures) = (area("g2g-input", INPUT_AREA, true)?, area("g2g-pictures", PICTURE_AREA, false)?);
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
      .map_err(|e| failed("a socket", &e))?;
    rustix::io::ioctl_fionbio(&ours, true).map_err(|e| failed("a socket", &e))?;
    let mut command = Command::new(&program);
    command.env_clear().current_dir("/").stdin(Stdio::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(path) = env::var_os("LD_LIBRARY_PATH") {
      command.env("LD_LIBRARY_PATH", path);
    }
    let child = command.spawn().map_err(|e| failed(&program.display().to_string(), &e))?;
    // Their end is closed here, so that the process's end is seen.
    drop(command);
    let setup = Request::Setup { version: VERSION, input: INPUT_AREA, pictures: PICTURE_AREA }.write();
    let descriptors = [input.descriptor.take(), pictures.descriptor.take()];
    let mut waiting = VecDeque::new();
    if let [Some(of_input), Some(of_pictures)] = &descriptors {
      let rights = [of_input.as_fd(), of_pictures.as_fd()];
      let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
      let mut ancillary = SendAncillaryBuffer::new(&mut space);
      ancillary.push(SendAncillaryMessage::ScmRights(&rights));
      sendmsg(&ours, &[IoSlice::new(&setup)], &mut ancillary, SendFlags::NOSIGNAL)
        .map_err(|e| failed("a message", &e))?;
    } else {
      waiting.push_back(setup);
    }
    // The descriptor is owned by what watches it, and is not replaced.
    let socket = unsafe { AsyncFd::register_with_interest(ours, Interest::READABLE | Interest::WRITABLE) };
    let socket = socket.map_err(|e| failed("a socket", &e))?;
    Ok(Process { socket, child, waiting, input, pictures })
  }

  /// Sends a message, with the next [`hear`](Process::hear) at the latest.
  pub fn say(&mut self, request: &Request) {
    self.waiting.push_back(request.write());
    if self.waiting.len() == 1 {
      self.send();
    }
  }

  /// Sends what waits, as far as there is room; false when it must be waited for.
  fn send(&mut self) -> bool {
    while let Some(message) = self.waiting.front() {
      match send(self.socket.get_ref(), message, SendFlags::NOSIGNAL) {
        Err(Errno::AGAIN | Errno::NOBUFS) => return false,
        Err(Errno::INTR) => {}
        // That the process is gone is seen when it is listened to.
        Ok(_) | Err(_) => drop(self.waiting.pop_front()),
      }
    }
    true
  }

  /// Takes a message, or has `context` woken when there is one.
  pub fn hear(&mut self, context: &mut Context<'_>) -> Poll<Heard> {
    while !self.send() {
      match self.socket.poll_write_ready(context) {
        Poll::Ready(Ok(mut ready)) => ready.clear_ready(),
        _ => break,
      }
    }
    loop {
      let mut ready = match self.socket.poll_read_ready(context) {
        Poll::Ready(Ok(ready)) => ready,
        Poll::Ready(Err(error)) => {
          return Poll::Ready(Heard::Gone(format!("the decoder process is not heard: {error}")));
        }
        Poll::Pending => return Poll::Pending,
      };
      let mut buffer = [0u8; MAX_MESSAGE];
      let came = ready.try_io(|s| recv(s.get_ref(), &mut buffer[..], RecvFlags::TRUNC).map_err(io::Error::from));
      let length = match came {
        Ok(Ok((length, _))) => length,
        Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => continue,
        Ok(Err(_)) => 0,
        Err(_) => continue,
      };
      if length == 0 {
        return Poll::Ready(Heard::Gone(self.end()));
      }
      return Poll::Ready(match Report::read(&buffer[..length.min(MAX_MESSAGE)]) {
        Some(report) => Heard::Report(report),
        None => Heard::Gone("the decoder process does not keep to the protocol".into()),
      });
    }
  }

  /// Ends it at once; how it ended, if it did so by itself.
  pub fn end(&mut self) -> String {
    // It may be ending by itself, which takes a moment: what it left with its socket is its status.
    let status = match self.child.try_wait() {
      Ok(Some(status)) => Ok(status),
      _ => {
        for _ in 0..20 {
          std::thread::sleep(std::time::Duration::from_micros(500));
          if let Ok(Some(status)) = self.child.try_wait() {
            return describe(status);
          }
        }
        let _ = self.child.kill();
        self.child.wait()
      }
    };
    status.map_or_else(|e| format!("the decoder process is lost: {e}"), describe)
  }
}

impl Drop for Process {
  fn drop(&mut self) {
    let _ = self.child.kill();
    let _ = self.child.wait();
  }
}

/// How a process ended.
fn describe(status: ExitStatus) -> String {
  match (status.signal(), status.code()) {
    (Some(signal), _) => format!("the decoder process was ended by {}", signal_name(signal)),
    (None, Some(code)) => format!("the decoder process ended with exit code {code}"),
    (None, None) => "the decoder process has ended".into(),
  }
}

/// The name of a signal.
fn signal_name(number: i32) -> String {
  use rustix::process::Signal;
  let known = [
    (Signal::ABORT, "SIGABRT"),
    (Signal::BUS, "SIGBUS"),
    (Signal::FPE, "SIGFPE"),
    (Signal::ILL, "SIGILL"),
    (Signal::KILL, "SIGKILL"),
    (Signal::SEGV, "SIGSEGV"),
    (Signal::SYS, "SIGSYS (it tried what the sandbox forbids)"),
    (Signal::TERM, "SIGTERM"),
    (Signal::TRAP, "SIGTRAP"),
  ];
  let found = known.iter().find(|(signal, _)| signal.as_raw() == number);
  found.map_or_else(|| format!("signal {number}"), |(_, name)| (*name).to_string())
}
