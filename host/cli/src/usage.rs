//! What is said of a command that is wrong, in the words of the Node host's command line, and help.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Error};

use crate::args::Arguments;
use crate::exit::Exit;
use crate::output::{print, say};

/// What only the Node host has.
const ELSEWHERE: [&str; 3] = ["probe", "demo", "firmware"];

/// `g2g help`: prints the help of a command, or of all when there is no such command.
pub fn help(name: Option<&str>) -> Exit {
  let mut all = Arguments::command();
  all.build();
  let text = match name.and_then(|name| all.find_subcommand_mut(name)) {
    Some(command) => command.render_help(),
    None => all.render_help(),
  };
  print(&text.to_string())
}

/// Prints help that was asked for, or says what is wrong.
pub fn report(error: &Error) -> Exit {
  match error.kind() {
    ErrorKind::DisplayHelp => print(&error.to_string()),
    ErrorKind::DisplayVersion => print(&format!("{}\n", env!("CARGO_PKG_VERSION"))),
    ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
      say(error.to_string().trim_end());
      Exit::Usage
    }
    _ => {
      say(&format!("error: {}", sentence(error)));
      Exit::Usage
    }
  }
}

/// A text that an error carries.
fn context(error: &Error, kind: ContextKind) -> Option<String> {
  match error.get(kind)? {
    ContextValue::String(text) => Some(text.clone()),
    ContextValue::Strings(list) => list.first().cloned(),
    _ => None,
  }
}

fn sentence(error: &Error) -> String {
  let get = |kind| context(error, kind).unwrap_or_default();
  let argument = get(ContextKind::InvalidArg);
  let value = get(ContextKind::InvalidValue);
  match error.kind() {
    ErrorKind::UnknownArgument if argument.starts_with('-') => {
      unknown("option", &argument, get(ContextKind::SuggestedArg))
    }
    ErrorKind::UnknownArgument => format!("too many arguments, from '{argument}' on"),
    ErrorKind::TooManyValues => unknown("option", &format!("{argument}={value}"), argument.clone()),
    ErrorKind::InvalidSubcommand => {
      unknown("command", &get(ContextKind::InvalidSubcommand), get(ContextKind::SuggestedSubcommand))
    }
    ErrorKind::MissingRequiredArgument => {
      format!("missing required argument '{}'", argument.trim_matches(['<', '>', '.']))
    }
    ErrorKind::InvalidValue if value.is_empty() => format!("option '{argument}' argument missing"),
    ErrorKind::ValueValidation => {
      let why = error.source().map(|source| format!(" {source}")).unwrap_or_default();
      format!("option '{argument}' argument '{value}' is invalid.{why}")
    }
    _ => {
      let text = error.to_string();
      text.lines().next().unwrap_or_default().trim_start_matches("error: ").into()
    }
  }
}

fn unknown(what: &str, name: &str, like: String) -> String {
  let said = format!("unknown {what} '{name}'");
  if ELSEWHERE.contains(&name) {
    return format!("{said}\n(The Node host has it: ./g2g --host node)");
  }
  if like.is_empty() { said } else { format!("{said}\n(Did you mean {like}?)") }
}

#[cfg(test)]
mod tests {
  use clap::Parser;

  use super::*;

  #[test]
  fn what_is_wrong_is_said_in_the_words_of_the_node_host() {
    let cases: [(&[&str], &str); 11] = [
      (&["launch"], "missing required argument 'line'"),
      (&["launch", "--quie", "x"], "unknown option '--quie'\n(Did you mean --quiet?)"),
      (&["launch", "--quiet=3", "x"], "unknown option '--quiet=3'\n(Did you mean --quiet?)"),
      (&["launch", "-x", "y"], "unknown option '-x'"),
      (&["launch", "x", "--stats"], "option '--stats <file>' argument missing"),
      (
        &["launch", "--max-memory=lots", "x"],
        "option '--max-memory <bytes>' argument 'lots' is invalid. It must be a number such as 64M, at most 4095M.",
      ),
      (&["inspect", "a", "b"], "too many arguments, from 'b' on"),
      (&["nonsense"], "unknown command 'nonsense'"),
      (&["launc"], "unknown command 'launc'\n(Did you mean launch?)"),
      (&["probe", "x"], "unknown command 'probe'\n(The Node host has it: ./g2g --host node)"),
      (&["replay"], "missing required argument 'file'"),
    ];
    for (words, said) in cases {
      let error = Arguments::try_parse_from([&["g2g"], words].concat()).err().unwrap();
      assert_eq!(sentence(&error), said, "{words:?}");
    }
  }

  #[test]
  fn every_command_has_help_with_an_example() {
    for words in [&["g2g", "--help"][..], &["g2g", "launch", "-h"], &["g2g", "inspect", "--help"]] {
      let error = Arguments::try_parse_from(words).err().unwrap();
      let text = error.to_string();
      assert_eq!(error.kind(), ErrorKind::DisplayHelp);
      assert!(text.starts_with("Usage: g2g") && text.contains("\n\nExample:\n  g2g "), "{text}");
      assert!(text.contains("display help for command"), "{text}");
    }
  }
}
