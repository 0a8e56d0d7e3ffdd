//! `g2g launch`: builds a pipeline from a line and runs it to its end.

use std::collections::HashMap;
use std::fs;
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use g2g_host::{
  Bus, Direction, Engine, EngineOptions, Error, LaunchOptions, Message, OnStep, Pipeline, RecordOptions, domain_of,
  to_json_lines,
};
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::args::Launch;
use crate::exit::Exit;
use crate::families;
use crate::line;
use crate::output::{print, say};
use crate::progress::Console;

/// `g2g launch`.
pub fn launch(options: &Launch) -> Exit {
  // One thread takes the steps and waits, so that what is printed keeps the order in which it came.
  let runtime = match Builder::new_current_thread().enable_all().build() {
    Ok(runtime) => runtime,
    Err(error) => {
      say(&format!("error: the program cannot start: {error}"));
      return Exit::Failed;
    }
  };
  let exit = runtime.block_on(run(options));
  // A thread may still wait for a terminal or a device.
  runtime.shutdown_background();
  exit
}

async fn run(options: &Launch) -> Exit {
  let line = line::join(&options.line);
  let console = Console::default();
  match build(&line, options, &console) {
    Ok(pipeline) => play(pipeline, options, console).await,
    Err(error) => {
      say(&format!("error: {}", line::explain(&error, &line)));
      Exit::Usage
    }
  }
}

fn build(line: &str, options: &Launch, console: &Console) -> Result<Pipeline, Error> {
  let engine = Engine::new(&EngineOptions { simd: options.no_simd.then_some(false), ..EngineOptions::default() })?;
  let default = LaunchOptions::default();
  let launch = LaunchOptions {
    memory: options.max_memory.unwrap_or(default.memory),
    statistics: options.stats.is_some(),
    convert: options.convert,
    record: options.record.as_ref().map(|file| RecordOptions { file: file.into(), digests: options.record_digests }),
    elements: families::elements(),
    on_step: options.verbose.then(|| link_printer(console.clone())),
    ..default
  };
  Pipeline::launch(&engine, line, launch)
}

/// Looks at the graph after each step, and prints the links whose caps have been settled or changed.
fn link_printer(console: Console) -> OnStep {
  let mut known = HashMap::new();
  Box::new(move |graph| {
    for element in graph() {
      for pad in element.pads {
        let Some(peer) = pad.peer.filter(|_| pad.direction == Direction::Src && !pad.caps.is_empty()) else { continue };
        let link = format!("{}.{} -> {}.{}", element.name, pad.name, peer.element, peer.pad);
        if known.get(&link) == Some(&pad.caps) {
          continue;
        }
        console.say(&format!("{link}: {} [{} memory]", pad.caps, domain_of(&pad.caps)));
        known.insert(link, pad.caps);
      }
    }
  })
}

/// Signals that ended a run, if any did.
#[derive(Clone, Default)]
struct Interrupt(Arc<Mutex<Option<Exit>>>);

impl Interrupt {
  fn get(&self) -> Option<Exit> {
    *self.0.lock().unwrap_or_else(PoisonError::into_inner)
  }

  /// Ends the streams at the first signal, and stops at the next.
  async fn serve(self, mut signals: [Option<Signal>; 2], pipeline: Pipeline, console: Console, quiet: bool) {
    let [interrupted, terminated] = &mut signals;
    loop {
      let exit = tokio::select! {
        () = next(interrupted) => Exit::Interrupted,
        () = next(terminated) => Exit::Terminated,
      };
      let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(exit);
      if before.is_some() {
        let pipeline = pipeline.clone();
        tokio::spawn(async move { pipeline.stop().await });
        continue;
      }
      if !quiet {
        console.say("ending the streams; once more to stop at once");
      }
      // It fails when the pipeline has ended meanwhile.
      let _ = pipeline.send_eos();
    }
  }
}

/// Waits for a signal; for ever where the system does not give it.
pub async fn next(signal: &mut Option<Signal>) {
  let came = match signal {
    Some(signal) => signal.recv().await,
    None => None,
  };
  if came.is_none() {
    pending().await
  }
}

async fn play(pipeline: Pipeline, options: &Launch, console: Console) -> Exit {
  let interrupt = Interrupt::default();
  let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok());
  let serving = tokio::spawn(interrupt.clone().serve(signals, pipeline.clone(), console.clone(), options.quiet));
  let shows_progress = !options.quiet && !options.no_position;
  let following = shows_progress.then(|| tokio::spawn(console.clone().follow(pipeline.clone())));
  let printing = tokio::spawn(print_messages(pipeline.bus(), console.clone(), options.messages, !options.quiet));
  let mut failed = false;
  let mut fail = |what: &str, error: &dyn std::fmt::Display| {
    failed = true;
    console.say(&format!("error: {what}{error}"));
  };
  let played = match pipeline.play().await {
    Ok(()) => pipeline.done().await.map(drop),
    Err(error) => Err(error),
  };
  match played {
    // A stop before it played is no failure.
    Err(Error::Fault(_)) if interrupt.get().is_some() => {}
    Err(error) => fail("", &error),
    Ok(()) => {}
  }
  if let Some(following) = following {
    following.abort();
  }
  console.end();
  if let Err(error) = write_ledgers(&pipeline, options, &console) {
    fail("the ledgers cannot be written: ", &error);
  }
  if let Err(error) = pipeline.close().await {
    fail("", &error);
  }
  let _ = printing.await;
  serving.abort();
  interrupt.get().unwrap_or(if failed { Exit::Failed } else { Exit::Ok })
}

async fn print_messages(mut bus: Bus, console: Console, all: bool, warnings: bool) {
  while let Some(message) = bus.next().await {
    if all || (warnings && matches!(message, Message::Warning(_))) {
      console.say(&message.describe());
    }
  }
}

fn write_ledgers(pipeline: &Pipeline, options: &Launch, console: &Console) -> Result<(), Box<dyn std::error::Error>> {
  if !options.time && options.stats.is_none() {
    return Ok(());
  }
  let stats = pipeline.stats()?;
  if options.time {
    console.say(&format!("ran for {:.6} s", stats.time.running as f64 / 1e9));
  }
  let Some(file) = &options.stats else { return Ok(()) };
  let text = format!("{}\n", to_json_lines(&stats));
  if file != "-" {
    return fs::write(file, text).map_err(|error| format!("{file}: {error}").into());
  }
  match print(&text) {
    Exit::Ok => Ok(()),
    _ => Err(io::Error::other("nothing takes them").into()),
  }
}
