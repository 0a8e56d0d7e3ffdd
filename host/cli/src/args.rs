//! Commands and options, in the words of node-host/src/cli.ts.

use clap::builder::Styles;
use clap::{ArgAction, Args, Parser, Subcommand};

const PROGRAM_HELP: &str = "\
Usage: {usage}

{about}

Options:
{options}

Commands:
{subcommands}{after-help}
";

const COMMAND_HELP: &str = "\
Usage: {usage}

{about}

Arguments:
{positionals}

Options:
{options}{after-help}
";

const NO_ARGUMENT_HELP: &str = "\
Usage: {usage}

{about}

Options:
{options}{after-help}
";

const RUN_AFTER: &str = "\
The file is TOML:
  metrics = \"127.0.0.1:9464\"   # serves http://127.0.0.1:9464/metrics for Prometheus; not without it
  step-deadline = \"10s\"        # a step that takes longer ends its pipeline
  [[pipeline]]
  name = \"door\"
  line = \"filesrc location=in.ts ! tsdemux ! h264parse ! fakesink\"
  max-memory = \"64M\"           # 256M without it
  restart = \"on-failure\"       # or never, always
  max-restarts = 5             # in the window; behind that it is given up
  restart-window = \"60s\"
  restart-pause = \"50ms\"       # before the second restart of a row, doubled for each that follows
  stop-timeout = \"10s\"         # for the streams to end, at SIGINT or SIGTERM

Example:
  g2g run --config pipelines.toml";

const REPLAY_AFTER: &str = "\
Example:
  g2g launch --record=run.g2g \"fakesrc num-buffers=3 ! fakesink\" && g2g replay run.g2g";

const AFTER: &str = "\
Exit codes:
  0    all went well
  1    the pipeline failed
  2    the command or the launch line is wrong
  3    a replay did not give what was recorded
  130  interrupted (SIGINT); 143 ended (SIGTERM)

Hosts:
  ./g2g --host node COMMAND    runs the command in Node, which is the default
  ./g2g --host native COMMAND  runs it in this binary, and builds that first where it has to be done

Example:
  g2g launch \"fakesrc num-buffers=10 ! identity ! fakesink\"";

/// glass2glass: multimedia pipelines
#[derive(Parser)]
#[command(
  name = "g2g",
  version,
  override_usage = "g2g [options] [command]",
  help_template = PROGRAM_HELP,
  after_help = AFTER,
  styles = Styles::plain(),
  disable_help_flag = true,
  disable_version_flag = true,
  disable_help_subcommand = true,
  arg_required_else_help = true
)]
pub struct Arguments {
  /// output the version number
  #[arg(short = 'V', long, action = ArgAction::Version)]
  version: Option<bool>,
  #[command(flatten)]
  help: Help,
  #[command(subcommand)]
  pub command: Command,
}

#[derive(Args)]
struct Help {
  /// display help for command
  #[arg(short, long, action = ArgAction::Help)]
  help: Option<bool>,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
  /// build a pipeline from a line and run it to its end
  #[command(
    override_usage = "g2g launch [options] <line...>",
    help_template = COMMAND_HELP,
    after_help = "Example:\n  g2g launch -v \"filesrc location=in.ts ! tsdemux ! h264parse ! fakesink\"",
    disable_help_flag = true,
    args_override_self = true
  )]
  Launch(Launch),
  /// list the elements, or tell what one of them is and can
  #[command(
    override_usage = "g2g inspect [options] [element]",
    help_template = COMMAND_HELP,
    after_help = "Example:\n  g2g inspect queue",
    disable_help_flag = true,
    args_override_self = true
  )]
  Inspect(Inspect),
  /// repeat a recorded run and check that it gives the same
  #[command(
    override_usage = "g2g replay [options] <file>",
    help_template = COMMAND_HELP,
    after_help = REPLAY_AFTER,
    disable_help_flag = true,
    args_override_self = true
  )]
  Replay(Replay),
  /// run the pipelines of a file until they end or a signal comes
  #[command(
    override_usage = "g2g run [options]",
    help_template = NO_ARGUMENT_HELP,
    after_help = RUN_AFTER,
    disable_help_flag = true,
    args_override_self = true
  )]
  Run(Run),
  /// display help for command
  #[command(disable_help_flag = true)]
  Help {
    /// name of a command
    command: Option<String>,
  },
}

/// Options of `g2g launch`.
#[derive(Args)]
pub struct Launch {
  /// the launch line, in one argument or in several
  #[arg(required = true, value_name = "line")]
  pub line: Vec<String>,
  /// print the caps and the memory domain of each link as they are settled
  #[arg(short, long)]
  pub verbose: bool,
  /// print nothing but errors
  #[arg(short, long)]
  pub quiet: bool,
  /// print all messages of the bus
  #[arg(short, long)]
  pub messages: bool,
  /// write the ledgers (elements, copies, links, memory) as JSON; - for the standard output
  #[arg(long, value_name = "file")]
  pub stats: Option<String>,
  /// print how long the pipeline ran, from the first state to the end
  #[arg(long)]
  pub time: bool,
  /// record the run, for g2g replay
  #[arg(long, value_name = "file")]
  pub record: Option<String>,
  /// record hashes of what is read from files, not the data
  #[arg(long)]
  pub record_digests: bool,
  /// ceiling of the memory, such as 64M; 256M without it
  #[arg(long, value_name = "bytes", value_parser = bytes)]
  pub max_memory: Option<u32>,
  /// run the core that has no SIMD instructions
  #[arg(long)]
  pub no_simd: bool,
  /// show no progress
  #[arg(long)]
  pub no_position: bool,
  /// put converters in where memory domains do not meet
  #[arg(long)]
  pub convert: bool,
  #[command(flatten)]
  help: Help,
}

/// Options of `g2g inspect`.
#[derive(Args)]
pub struct Inspect {
  /// name of an element
  #[arg(value_name = "element")]
  pub element: Option<String>,
  /// print the tables as JSON
  #[arg(long)]
  pub json: bool,
  #[command(flatten)]
  help: Help,
}

/// Options of `g2g replay`.
#[derive(Args)]
pub struct Replay {
  /// a recording, made with g2g launch --record=FILE
  #[arg(value_name = "file")]
  pub file: String,
  /// write what the sinks wrote into this folder
  #[arg(long, value_name = "folder")]
  pub output: Option<String>,
  /// the core to run; it must be the one that made the recording
  #[arg(long, value_name = "file")]
  pub core: Option<String>,
  /// where a file is now that a recording with digests names; can be given again
  #[arg(long, value_name = "name=file", action = ArgAction::Append)]
  pub input: Vec<String>,
  /// print all messages of the bus
  #[arg(short, long)]
  pub messages: bool,
  #[command(flatten)]
  help: Help,
}

/// Options of `g2g run`.
#[derive(Args)]
pub struct Run {
  /// the file that names them
  #[arg(short, long, value_name = "file")]
  pub config: String,
  /// run the core that has no SIMD instructions
  #[arg(long)]
  pub no_simd: bool,
  #[command(flatten)]
  help: Help,
}

/// The most memory that a pipeline can be given, bytes.
const MAX_MEMORY: u64 = 0xffff_0000;

/// A number of bytes: 64M, 1G, 500k or plain.
pub fn bytes(text: &str) -> Result<u32, String> {
  let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
  let shift = match text[digits.len()..].to_ascii_lowercase().as_str() {
    "" => Some(0),
    "k" => Some(10),
    "m" => Some(20),
    "g" => Some(30),
    _ => None,
  };
  let plain = Some(digits).filter(|d| d.bytes().all(|b| b.is_ascii_digit())).and_then(|d| d.parse::<u64>().ok());
  let count =
    plain.zip(shift).and_then(|(n, shift)| n.checked_mul(1 << shift)).filter(|n| (1..=MAX_MEMORY).contains(n));
  let count = count.and_then(|n| u32::try_from(n).ok());
  count.ok_or_else(|| "It must be a number such as 64M, at most 4095M.".into())
}

#[cfg(test)]
mod tests {
  use clap::CommandFactory;

  use super::*;

  #[test]
  fn the_commands_are_well_formed() {
    Arguments::command().debug_assert();
  }

  #[test]
  fn bytes_have_units_and_a_limit() {
    let good = [("1", 1), ("64M", 64 << 20), ("500k", 500 << 10), ("3G", 3 << 30), ("4294901760", 0xffff_0000)];
    for (text, n) in good {
      assert_eq!(bytes(text), Ok(n));
    }
    for text in ["", "0", "M", "4096M", "4G", "4294901761", "1.5M", "-1", "+1", "64MB", "64 M", "99999999999999999999"]
    {
      assert!(bytes(text).is_err(), "{text}");
    }
  }

  #[test]
  fn options_may_stand_among_the_words_of_the_line_and_come_again() {
    let words = ["g2g", "launch", "-qq", "fakesrc", "--stats=-", "!", "--stats", "x", "fakesink", "-vm"];
    let Command::Launch(options) = Arguments::try_parse_from(words).ok().unwrap().command else { panic!() };
    assert_eq!(options.line, ["fakesrc", "!", "fakesink"]);
    assert_eq!(options.stats.as_deref(), Some("x"));
    assert!(options.quiet && options.verbose && options.messages && !options.time);
  }

  #[test]
  fn inputs_of_a_replay_add_up() {
    let words = ["g2g", "replay", "--input", "a=b", "run.g2g", "--input=c=d", "--output=x", "--output=y"];
    let Command::Replay(options) = Arguments::try_parse_from(words).ok().unwrap().command else { panic!() };
    assert_eq!((options.file.as_str(), options.output.as_deref()), ("run.g2g", Some("y")));
    assert_eq!(options.input, ["a=b", "c=d"]);
  }
}
