//! `g2g run`: runs many pipelines from one file.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use g2g_host::supervise::{Event, Watched, supervise};
use g2g_host::{Engine, EngineOptions, Error, LaunchOptions};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::args::Run;
use crate::config::{Config, PipelineConfig};
use crate::exit::Exit;
use crate::families;
use crate::metrics;
use crate::output::say;

/// `g2g run`.
pub fn run(options: &Run) -> Exit {
  let read = fs::read_to_string(&options.config).map_err(|e| e.to_string());
  let config = match read.and_then(|text| Config::parse(&text)) {
    Ok(config) => config,
    Err(error) => {
      say(&format!("error: {}: {error}", options.config));
      return Exit::Usage;
    }
  };
  let runtime = match Builder::new_multi_thread().enable_all().build() {
    Ok(runtime) => runtime,
    Err(error) => {
      say(&format!("error: the program cannot start: {error}"));
      return Exit::Failed;
    }
  };
  let exit = runtime.block_on(run_all(config, options));
  runtime.shutdown_background();
  exit
}

async fn run_all(config: Config, options: &Run) -> Exit {
  let default = EngineOptions::default();
  let engine = Engine::new(&EngineOptions {
    simd: options.no_simd.then_some(false),
    // One that is begun anew may meet the one before, which is just going.
    pipelines: u32::try_from(config.pipelines.len()).unwrap_or(u32::MAX).saturating_mul(2),
    deadline: config.step_deadline.unwrap_or(default.deadline),
  });
  let engine = match engine {
    Ok(engine) => engine,
    Err(error) => {
      say(&format!("error: {error}"));
      return Exit::Failed;
    }
  };
  let named: Arc<[metrics::Named]> = config.pipelines.iter().map(|p| (p.name.clone(), Watched::default())).collect();
  if let Some(at) = config.metrics {
    match metrics::serve(at, named.clone()).await {
      Ok(at) => say(&format!("metrics: http://{at}/metrics")),
      Err(error) => {
        say(&format!("error: metrics cannot be served at {at}: {error}"));
        return Exit::Failed;
      }
    }
  }
  let (stop, stopped) = watch::channel(false);
  let mut running = JoinSet::new();
  for (pipeline, (_, watched)) in config.pipelines.into_iter().zip(named.iter()) {
    running.spawn(keep(engine.clone(), pipeline, stopped.clone(), watched.clone()));
  }
  let mut signals = [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok());
  let [interrupted, terminated] = &mut signals;
  let mut exit = Exit::Ok;
  let mut ended = None;
  loop {
    let signal = tokio::select! {
      over = running.join_next() => match over {
        None => return ended.unwrap_or(exit),
        Some(Ok(Ok(()))) => continue,
        Some(_) => {
          exit = Exit::Failed;
          continue;
        }
      },
      () = crate::launch::next(interrupted) => Exit::Interrupted,
      () = crate::launch::next(terminated) => Exit::Terminated,
    };
    if ended.replace(signal).is_some() {
      // Once more: at once.
      return signal;
    }
    say("ending all pipelines; once more to stop at once");
    let _ = stop.send(true);
  }
}

/// Keeps one pipeline going, and says what becomes of it.
async fn keep(
  engine: Engine,
  config: PipelineConfig,
  stop: watch::Receiver<bool>,
  watched: Watched,
) -> Result<(), Error> {
  let name = config.name.clone();
  let tell = |event| match event {
    Event::Started => say(&format!("{name}: plays")),
    Event::Ended(_) => say(&format!("{name}: has ended")),
    Event::Failed(error) => say(&format!("{name}: error: {error}")),
    Event::Restarts(n, pause) if pause > Duration::ZERO => {
      say(&format!("{name}: restart {n} in {} ms", pause.as_millis()));
    }
    Event::Restarts(n, _) => say(&format!("{name}: restart {n}")),
    Event::GivenUp => say(&format!("{name}: given up: it has failed too often")),
  };
  let memory = config.max_memory.unwrap_or(LaunchOptions::default().memory);
  let options = || LaunchOptions { memory, elements: families::elements(), ..LaunchOptions::default() };
  supervise(&engine, &config.line, options, &config.policy(), stop, &watched, tell).await
}
