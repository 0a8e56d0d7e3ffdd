//! The standard error of a run: lines of text, and below them a progress bar.

use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use g2g_host::{Pipeline, StateName, format_time};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::sleep;

use crate::output::say;

/// Time after which a run is worth a bar, and between two looks at it.
const FIRST: Duration = Duration::from_secs(1);
const INTERVAL: Duration = Duration::from_millis(250);

const STEPS: u64 = 1000;

/// The standard error while a pipeline runs. Copies are the same.
#[derive(Clone, Default)]
pub struct Console(Arc<Mutex<Option<ProgressBar>>>);

impl Console {
  fn with<T>(&self, act: impl FnOnce(&mut Option<ProgressBar>) -> T) -> T {
    act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
  }

  /// Writes a line of text; the bar makes room for it.
  pub fn say(&self, text: &str) {
    self.with(|bar| match bar {
      Some(bar) => bar.suspend(|| say(text)),
      None => say(text),
    });
  }

  /// Shows a bar when the run takes more than a second; without a terminal it shows nothing.
  pub async fn follow(self, pipeline: Pipeline) {
    if !io::stderr().is_terminal() {
      return;
    }
    sleep(FIRST).await;
    let style =
      ProgressStyle::with_template("{bar:40} {percent}% {msg} eta {eta}").expect("the template is well formed");
    let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr());
    bar.set_style(style.progress_chars("█░"));
    self.with(|shown| *shown = Some(bar.clone()));
    loop {
      if let Some((share, place)) = state_of(&pipeline) {
        self.with(|_| {
          bar.set_position((share * STEPS as f64).round() as u64);
          bar.set_message(place);
        });
      }
      sleep(INTERVAL).await;
    }
  }

  /// Takes the bar away.
  pub fn end(&self) {
    if let Some(bar) = self.with(Option::take) {
      bar.finish_and_clear();
    }
  }
}

/// How much of a run is done, 0 to 1, and the time in the stream where it is; `None` while it has not begun.
fn state_of(pipeline: &Pipeline) -> Option<(f64, String)> {
  if pipeline.state() == StateName::Null {
    return None;
  }
  let position = pipeline.position();
  let share = match (position, pipeline.duration()) {
    (Some(position), Some(duration)) if duration > 0 => position as f64 / duration as f64,
    _ => pipeline.progress().unwrap_or(0.0),
  };
  Some((share.clamp(0.0, 1.0), position.map(format_time).unwrap_or_default()))
}
