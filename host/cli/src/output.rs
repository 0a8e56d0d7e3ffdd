//! What is written to the standard output and the standard error.

use std::io::{self, ErrorKind, Write};

use crate::exit::Exit;

/// Writes text to the standard output. A reader that has gone away is no failure.
pub fn print(text: &str) -> Exit {
  let mut out = io::stdout().lock();
  match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
    Err(error) if error.kind() != ErrorKind::BrokenPipe => {
      say(&format!("error: the output cannot be written: {error}"));
      Exit::Failed
    }
    _ => Exit::Ok,
  }
}

/// Writes a line to the standard error; there is nobody to tell when that fails.
pub fn say(text: &str) {
  let _ = writeln!(io::stderr(), "{text}");
}
