//! Shows that the sandbox holds: enters it and does what it forbids. Exit code 0: the system refused, 1: it did not;
//! what is not to be tried at all ends the process with SIGSYS.

use std::fs::File;
use std::net::UdpSocket;
use std::process::{Command, ExitCode};

use crate::sandbox;

/// Enters the sandbox and makes a call.
pub fn check(call: &str) -> ExitCode {
  if let Err(error) = sandbox::enter(0) {
    eprintln!("g2g-avdec-process: {error}");
    return ExitCode::from(3);
  }
  let refused = match call {
    "open" => is_refused(File::open("/etc/passwd").err()),
    "write" => is_refused(rustix::io::write(rustix::stdio::stderr(), b"x").err().map(Into::into)),
    "socket" => UdpSocket::bind("127.0.0.1:0").is_err(),
    "exec" => Command::new("/bin/true").spawn().is_err(),
    "thread" => std::thread::spawn(|| 7).join().ok() != Some(7),
    // Memory that can be executed.
    "code" => {
      let (prot, flags) = (rustix::mm::ProtFlags::EXEC, rustix::mm::MapFlags::PRIVATE);
      // A new mapping of nobody's memory.
      unsafe { rustix::mm::mmap_anonymous(std::ptr::null_mut(), 4096, prot, flags) }.is_err()
    }
    _ => return ExitCode::from(2),
  };
  ExitCode::from(u8::from(!refused))
}

/// Whether a call failed for want of rights, and for no other reason.
fn is_refused(error: Option<std::io::Error>) -> bool {
  error.is_some_and(|e| e.kind() == std::io::ErrorKind::PermissionDenied)
}
