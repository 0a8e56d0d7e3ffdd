//! Decodes with libavcodec for a host of glass2glass. A decoder written in C meets whatever a stream brings; here the worst that
//! it can do is to end this process, which the host starts anew.
//!
//! Started by the host with a socket as standard input: see g2g-avdec-protocol. `g2g-avdec-process check CALL` shows that the
//! sandbox holds: see check.rs.

mod area;
mod check;
mod decoder;
mod formats;
mod pictures;
mod sandbox;
mod serve;
mod wire;

use std::process::ExitCode;

fn main() -> ExitCode {
  let mut args = std::env::args().skip(1);
  match (args.next().as_deref(), args.next().as_deref()) {
    (None, _) => serve::serve(),
    (Some("check"), Some(call)) => check::check(call),
    _ => {
      eprintln!("usage: g2g-avdec-process, started by a host of glass2glass\n       g2g-avdec-process check CALL");
      ExitCode::from(2)
    }
  }
}
