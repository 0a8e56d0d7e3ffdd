//! `g2g replay`: repeats a recorded run and checks that it gives the same.

use std::collections::HashMap;
use std::path::Path;

use g2g_host::{Message, Replay, ReplayError, ReplayOptions, replay as repeat};

use crate::args;
use crate::exit::Exit;
use crate::output::{print, say};

/// `g2g replay`.
pub fn replay(options: &args::Replay) -> Exit {
  let mut inputs = HashMap::new();
  for pair in &options.input {
    let Some((name, file)) = pair.split_once('=').filter(|(name, _)| !name.is_empty()) else {
      say(&format!("error: --input takes NAME=FILE, not \"{pair}\""));
      return Exit::Usage;
    };
    inputs.insert(name.into(), file.into());
  }
  let tell: fn(&Message) = |message| say(&message.describe());
  let how = ReplayOptions {
    core: options.core.as_ref().map(Into::into),
    output: options.output.as_ref().map(Into::into),
    inputs,
    on_message: options.messages.then(|| Box::new(tell) as _),
  };
  match repeat(Path::new(&options.file), how) {
    Ok(replay) => {
      let exit = print(&summary(&replay));
      ending(&replay).iter().for_each(|ending| say(&format!("the recording {ending}")));
      exit
    }
    Err(error) => {
      say(&format!("error: {error}"));
      if matches!(error, ReplayError::Diverged(_)) { Exit::Diverged } else { Exit::Failed }
    }
  }
}

/// What came again, in one line.
fn summary(Replay { steps, messages, outputs, .. }: &Replay) -> String {
  let files: String = outputs.iter().map(|o| format!(", {} bytes for {}", o.bytes, o.path)).collect();
  format!("as recorded: {steps} steps, {messages} messages{files}\n")
}

/// What is wrong with how the recording ends.
fn ending(Replay { trap, torn, complete, .. }: &Replay) -> Option<String> {
  match (trap, torn) {
    (Some(trap), _) => Some(format!("ends with a trap: {trap}")),
    (None, Some(torn)) => Some(format!("ends before its run: {torn}")),
    (None, None) => (!complete).then(|| "was cut off".into()),
  }
}

#[cfg(test)]
mod tests {
  use g2g_host::ReplayOutput;

  use super::*;

  #[test]
  fn what_came_again_and_how_it_ends_is_said_in_the_words_of_the_node_host() {
    let outputs = vec![ReplayOutput { path: "/tmp/out".into(), bytes: 400 }];
    let mut replay = Replay { entries: 9, steps: 3, messages: 2, outputs, complete: true, trap: None, torn: None };
    assert_eq!(summary(&replay), "as recorded: 3 steps, 2 messages, 400 bytes for /tmp/out\n");
    assert_eq!(ending(&replay), None);
    replay.complete = false;
    assert_eq!(ending(&replay).as_deref(), Some("was cut off"));
    replay.torn = Some("packets of it were lost".into());
    assert_eq!(ending(&replay).as_deref(), Some("ends before its run: packets of it were lost"));
    (replay.torn, replay.trap) = (None, Some("unreachable".into()));
    assert_eq!(ending(&replay).as_deref(), Some("ends with a trap: unreachable"));
  }
}
