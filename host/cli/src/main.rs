//! The command line of glass2glass, in one binary: the commands, messages and exit codes of the Node host's.

mod args;
mod config;
mod exit;
mod families;
mod inspect;
mod launch;
mod line;
mod metrics;
mod output;
mod progress;
mod replay;
mod serve;
mod usage;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Arguments, Command};

fn main() -> ExitCode {
  let exit = match Arguments::try_parse() {
    Err(error) => usage::report(&error),
    Ok(Arguments { command: Command::Launch(options), .. }) => launch::launch(&options),
    Ok(Arguments { command: Command::Inspect(options), .. }) => inspect::inspect(&options),
    Ok(Arguments { command: Command::Replay(options), .. }) => replay::replay(&options),
    Ok(Arguments { command: Command::Run(options), .. }) => serve::run(&options),
    Ok(Arguments { command: Command::Help { command }, .. }) => usage::help(command.as_deref()),
  };
  exit.into()
}
