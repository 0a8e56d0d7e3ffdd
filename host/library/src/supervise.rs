//! Keeps a pipeline going: begins it anew when it has ended, as its policy says, and ends it in order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::engine::Engine;
use crate::errors::Error;
use crate::pipeline::{LaunchOptions, Pipeline};
use crate::run::Ending;

/// When a pipeline that has ended is begun anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restart {
  /// Never.
  Never,
  /// When it has failed.
  #[default]
  OnFailure,
  /// Also when its streams have ended.
  Always,
}

/// How a pipeline is kept going.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
  /// When it is begun anew.
  pub restart: Restart,
  /// How often within `within`; behind that it is given up.
  pub most: u32,
  /// See `most`.
  pub within: Duration,
  /// The pause before the second restart of a row, doubled for each that follows, up to `LONGEST`. The first comes at once.
  pub pause: Duration,
  /// How long the streams may take to end when it is to stop.
  pub grace: Duration,
}

/// The longest pause before a restart.
const LONGEST: Duration = Duration::from_secs(30);

impl Default for Policy {
  fn default() -> Self {
    Policy {
      restart: Restart::OnFailure,
      most: 5,
      within: Duration::from_secs(60),
      pause: Duration::from_millis(50),
      grace: Duration::from_secs(10),
    }
  }
}

/// What became of a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
  /// It plays.
  Started,
  /// Its streams have ended, or it was stopped.
  Ended(Ending),
  /// It has failed.
  Failed(Error),
  /// It is begun anew, for the so manieth time, after this has passed.
  Restarts(u64, Duration),
  /// It has failed too often.
  GivenUp,
}

/// A pipeline that is kept going, for those who look at it.
#[derive(Clone, Default)]
pub struct Watched(Arc<Mutex<Seen>>);

/// What is known of a pipeline that is kept going.
#[derive(Clone, Default)]
pub struct Seen {
  /// The pipeline; `None` while there is none.
  pub pipeline: Option<Pipeline>,
  /// How often it was begun anew.
  pub restarts: u64,
  /// How often it has failed.
  pub failures: u64,
}

impl Watched {
  /// What is known now.
  pub fn seen(&self) -> Seen {
    self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
  }

  fn note(&self, change: impl FnOnce(&mut Seen)) {
    change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
  }
}

/// Runs a pipeline until its policy says that it is over, or until it is told to stop.
/// @param options made anew for each run
/// @param stop true when it is to stop
/// @param tell called with what becomes of it
/// @throws the last error of a pipeline that was given up or is not begun anew
pub async fn supervise(
  engine: &Engine,
  line: &str,
  mut options: impl FnMut() -> LaunchOptions,
  policy: &Policy,
  mut stop: watch::Receiver<bool>,
  watched: &Watched,
  mut tell: impl FnMut(Event),
) -> Result<(), Error> {
  let mut recent = VecDeque::new();
  loop {
    let ended = once(engine, line, options(), policy, &mut stop, watched, &mut tell).await;
    match &ended {
      Ok(ending) => tell(Event::Ended(*ending)),
      Err(error) => {
        watched.note(|seen| seen.failures += 1);
        tell(Event::Failed(error.clone()));
      }
    }
    let again = match policy.restart {
      Restart::Never => false,
      Restart::OnFailure => ended.is_err(),
      Restart::Always => true,
    };
    if *stop.borrow() || !again {
      return ended.map(drop);
    }
    let now = Instant::now();
    recent.push_back(now);
    while recent.front().is_some_and(|at| now - *at > policy.within) {
      recent.pop_front();
    }
    let row = u32::try_from(recent.len()).unwrap_or(u32::MAX);
    if row > policy.most {
      tell(Event::GivenUp);
      return ended.map(drop);
    }
    let pause = match row {
      1 => Duration::ZERO,
      n => policy.pause.saturating_mul(1 << (n - 2).min(16)).min(LONGEST),
    };
    watched.note(|seen| seen.restarts += 1);
    tell(Event::Restarts(watched.seen().restarts, pause));
    tokio::select! {
      () = sleep(pause) => {}
      _ = stop.wait_for(|stop| *stop) => return ended.map(drop),
    }
  }
}

/// One run, to its end.
async fn once(
  engine: &Engine,
  line: &str,
  options: LaunchOptions,
  policy: &Policy,
  stop: &mut watch::Receiver<bool>,
  watched: &Watched,
  tell: &mut impl FnMut(Event),
) -> Result<Ending, Error> {
  let pipeline = Pipeline::launch(engine, line, options)?;
  watched.note(|seen| seen.pipeline = Some(pipeline.clone()));
  let ended = play(&pipeline, policy, stop, tell).await;
  watched.note(|seen| seen.pipeline = None);
  let closed = pipeline.close().await;
  ended.and_then(|ending| closed.map(|()| ending))
}

async fn play(
  pipeline: &Pipeline,
  policy: &Policy,
  stop: &mut watch::Receiver<bool>,
  tell: &mut impl FnMut(Event),
) -> Result<Ending, Error> {
  let run = async {
    pipeline.play().await?;
    tell(Event::Started);
    pipeline.done().await
  };
  tokio::pin!(run);
  tokio::select! {
    ended = &mut run => return ended,
    _ = stop.wait_for(|stop| *stop) => {}
  }
  // It fails when the pipeline has ended meanwhile.
  let _ = pipeline.send_eos();
  match timeout(policy.grace, &mut run).await {
    Ok(ended) => ended,
    Err(_) => pipeline.stop().await.map(|()| Ending::Stopped),
  }
}
