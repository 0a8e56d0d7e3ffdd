//! A pipeline, for the program that runs it.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use g2g_interface::NONE;
use g2g_interface::abi::{Query, Send, State};
use g2g_interface::records::{RecordWriter, Records};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::bus::{Bus, Messages};
use crate::clock::Clock;
use crate::elements::ElementFactory;
use crate::engine::Engine;
use crate::errors::{Error, host_error_text};
use crate::host::Host;
use crate::instance::{Core, init_option};
use crate::messages::StateName;
use crate::outbox::Outbox;
use crate::properties::ElementHandle;
use crate::record::{RecordOptions, Recorder};
use crate::run::{Ending, Next, OnStep, Run, closed};
use crate::stats::{GraphElement, HostStats, Stats, TimeStats, read_memory, read_stats};
use crate::table::describe;

/// Bytes of memory that a pipeline may use when nothing is said. The system gives it only as it is used.
const DEFAULT_MEMORY: u32 = 256 << 20;

/// The most that can be asked for, bytes.
const MAX_MEMORY: u32 = 0xffff_0000;

/// How a pipeline is run.
pub struct LaunchOptions {
  /// Ceiling of the core's memory, bytes, at most 4 GiB less 64 KiB; 256 MiB when nothing is said.
  pub memory: u32,
  /// Elements of the program's own.
  pub elements: Vec<ElementFactory>,
  /// Whether the turns of elements are counted and timed; it costs a little.
  pub statistics: bool,
  /// Whether converters may be inserted where memory domains do not meet.
  pub convert: bool,
  /// Records everything that enters the core.
  pub record: Option<RecordOptions>,
  /// The clock; the system's when nothing is said.
  pub clock: Clock,
  /// Called after each step.
  pub on_step: Option<OnStep>,
  /// Whether `close` fails when the core has not given all of its memory back: for tests.
  pub check_leaks: bool,
}

impl Default for LaunchOptions {
  fn default() -> Self {
    LaunchOptions {
      memory: DEFAULT_MEMORY,
      elements: Vec::new(),
      statistics: false,
      convert: false,
      record: None,
      clock: Clock::default(),
      on_step: None,
      check_leaks: false,
    }
  }
}

/// Where to go, and how.
#[derive(Clone, Copy, Debug)]
pub struct Seek {
  /// The time to go to, ns.
  pub start: i64,
  /// Where to end, ns.
  pub stop: Option<i64>,
  /// Speed.
  pub rate: f64,
  /// Whether what is in flight is thrown away.
  pub flush: bool,
  /// Whether to go to the key unit before the time, which is fast.
  pub key_unit: bool,
}

impl Seek {
  /// To the key unit before a time, ns; what is in flight is thrown away.
  pub fn to(start: i64) -> Seek {
    Seek { start, stop: None, rate: 1.0, flush: true, key_unit: true }
  }
}

const FORMAT_TIME: i64 = 2;
const SEEK_FLUSH: i64 = 1;
const SEEK_ACCURATE: i64 = 2;
const SEEK_KEY_UNIT: i64 = 4;

pub(crate) struct Inner {
  run: Mutex<Run>,
  outbox: Outbox,
  /// Told whenever something may have changed that somebody waits for.
  changed: Notify,
  check_leaks: bool,
  /// The factories of the elements by their names.
  kinds: Vec<(String, String)>,
}

impl Inner {
  pub(crate) fn run(&self) -> MutexGuard<'_, Run> {
    self.run.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
  }

  pub(crate) fn wake(&self) {
    self.outbox.wake();
  }

  /// Takes steps until nobody can ask for any more.
  async fn serve(self: Arc<Self>) {
    // Nothing is to be done before something is asked for.
    self.outbox.woken().await;
    loop {
      let (next, dead) = {
        let mut run = self.run();
        (run.turn(), run.dead)
      };
      self.changed.notify_waiters();
      if dead {
        // Threads may still write into the memory of the instance, which is this one's.
        self.outbox.landed().await;
        return;
      }
      match next {
        Next::Again => tokio::task::yield_now().await,
        Next::Sleep(None) => self.outbox.woken().await,
        Next::Sleep(Some(left)) => drop(timeout(left, self.outbox.woken()).await),
      }
    }
  }
}

/// Ends a pipeline that nobody holds any more.
struct Hold(Arc<Inner>);

impl Drop for Hold {
  fn drop(&mut self) {
    let mut run = self.0.run();
    if !run.dead {
      run.broken(closed());
    }
    drop(run);
    self.0.wake();
  }
}

/// A pipeline. Copies are the same; with the last one it ends at once, whatever is in flight.
#[derive(Clone)]
pub struct Pipeline(Arc<Hold>);

impl Pipeline {
  /// Builds a pipeline from a launch line; it does not run yet. To be called in a runtime of tokio.
  /// @param line what gst-launch would take
  /// @throws [`Error::Pipeline`] when the line cannot be built: its report names the place and what would help
  pub fn launch(engine: &Engine, line: &str, options: LaunchOptions) -> Result<Pipeline, Error> {
    if !(1..=MAX_MEMORY).contains(&options.memory) {
      let (asked, most) = (options.memory, MAX_MEMORY);
      return Err(Error::Fault(format!("the memory ceiling must be from 1 to {most} bytes, not {asked}")));
    }
    let elements: Arc<[ElementFactory]> = options.elements.into();
    let mut host = Host::new(elements.clone(), options.clock);
    host.recorder = options.record.map(|to| Recorder::new(to, engine.0.artifact.wasm)).transpose()?;
    let outbox = host.outbox.clone();
    let statistics = if options.statistics { init_option::STATISTICS } else { 0 };
    let convert = if options.convert { init_option::AUTO_CONVERT } else { 0 };
    let mut core = Core::new(engine, host, options.memory, statistics | convert)?;
    let ring = core.query(Query::Ring, &[])?.ok().and_then(|mut r| r.int()).and_then(|at| u32::try_from(at).ok());
    if !ring.is_some_and(|at| core.host().set_ring(at)) {
      return Err(Error::Fault("the core has no completion ring".into()));
    }
    for factory in elements.iter() {
      let name = &factory.table.name;
      let code = core.describe(&describe(&factory.table)?)?;
      if code < 0 {
        let why = host_error_text(code);
        return Err(Error::Fault(format!("the element {name} cannot be registered: {why}")));
      }
    }
    let code = core.launch(line)?;
    let mut run = Run::new(core, Messages::default(), options.on_step);
    run.take_messages();
    if code != 0 {
      run.dead = true;
      let unknown = || Error::Fault(format!("the line cannot be built: error {code}"));
      return Err(run.error.take().unwrap_or_else(unknown));
    }
    let kinds = run.graph()?.into_iter().map(|e| (e.name, e.factory)).collect();
    let (changed, check_leaks) = (Notify::new(), options.check_leaks);
    let inner = Arc::new(Inner { run: Mutex::new(run), outbox, changed, check_leaks, kinds });
    tokio::spawn(inner.clone().serve());
    Ok(Pipeline(Arc::new(Hold(inner))))
  }

  fn inner(&self) -> &Inner {
    &self.0.0
  }

  /// The state that has been reached.
  pub fn state(&self) -> StateName {
    self.inner().run().state
  }

  /// Plays; returns when all elements have started. The state is playing as soon as every sink has a frame.
  /// @throws when an element cannot start
  pub async fn play(&self) -> Result<(), Error> {
    self.go(State::Playing).await
  }

  /// Pauses; returns when every sink has a frame or has ended.
  /// @throws when an element cannot start
  pub async fn pause(&self) -> Result<(), Error> {
    self.go(State::Paused).await
  }

  /// Goes back to state null: what is in flight is given up. Returns when nothing is in flight any more.
  pub async fn stop(&self) -> Result<(), Error> {
    if self.inner().run().dead {
      return Ok(());
    }
    self.go(State::Null).await
  }

  /// Returns when the run ends: at the end of all streams, or by `stop`.
  /// @throws the first error, once everything that had been written so far is finished
  pub async fn done(&self) -> Result<Ending, Error> {
    self.until(|run| run.ending.clone()).await
  }

  /// Stops and gives everything back.
  /// @throws when handles were not given back or, with `check_leaks`, memory of the core
  pub async fn close(&self) -> Result<(), Error> {
    self.stop().await?;
    let inner = self.inner();
    let ended = inner.run().end(inner.check_leaks);
    inner.wake();
    inner.outbox.landed().await;
    ended
  }

  /// An element by name.
  /// @throws when there is none
  pub fn element(&self, name: &str) -> Result<ElementHandle, Error> {
    let factory = self.inner().kinds.iter().find(|(n, _)| n == name).map(|(_, factory)| factory.clone());
    let factory = match factory {
      Some(factory) => factory,
      None => {
        let found = self.graph()?.into_iter().find(|e| e.name == name);
        found.ok_or_else(|| Error::Fault(format!("no element is named \"{name}\"")))?.factory
      }
    };
    Ok(ElementHandle::new(self.clone(), name, factory))
  }

  /// What went through elements and links, what was copied and why, and the memory in use.
  pub fn stats(&self) -> Result<Stats, Error> {
    let (elements, links) = self.ask(Query::Stats, read_stats)?;
    let memory = self.ask(Query::Memory, read_memory)?;
    let mut run = self.inner().run();
    let host = HostStats::of(run.steps, &run.core.host().traffic);
    let until = run.ended.unwrap_or_else(|| run.core.host().now());
    Ok(Stats { elements, links, memory, host, time: TimeStats { running: run.began.map_or(0, |began| until - began) } })
  }

  /// The elements, their pads, what is linked to what, and the caps.
  pub fn graph(&self) -> Result<Vec<GraphElement>, Error> {
    self.ask(Query::Graph, crate::stats::read_graph)
  }

  /// Where the stream is, ns; `None` when that is not known.
  pub fn position(&self) -> Option<i64> {
    self.time(Query::Position)
  }

  /// How long the stream is, ns; `None` when that is not known.
  pub fn duration(&self) -> Option<i64> {
    self.time(Query::Duration)
  }

  /// Share of the bytes of the files that are read which has been read, 0 to 1; `None` when no file is read.
  pub fn progress(&self) -> Option<f64> {
    use std::sync::atomic::Ordering::Relaxed;
    let mut run = self.inner().run();
    let traffic = &run.core.host().traffic;
    let (read, all) = (traffic.read_bytes.load(Relaxed), traffic.input_bytes.load(Relaxed));
    if all == 0 { None } else { Some((read as f64 / all as f64).min(1.0)) }
  }

  /// The messages: errors, states, tags, the end of the stream.
  pub fn bus(&self) -> Bus {
    self.inner().run().messages.subscribe()
  }

  /// Asks all sources to end; what has come in is finished.
  pub fn send_eos(&self) -> Result<(), Error> {
    self.send(Send::Eos, |_| {})
  }

  /// Goes to another place.
  /// @throws when no element can do it
  pub fn seek(&self, seek: Seek) -> Result<(), Error> {
    let flush = if seek.flush { SEEK_FLUSH } else { 0 };
    let exact = if seek.key_unit { SEEK_KEY_UNIT } else { SEEK_ACCURATE };
    self.send(Send::Seek, |w| {
      w.double(seek.rate);
      w.int(FORMAT_TIME);
      w.int(flush | exact);
      w.int(seek.start);
      // No stop: a time that does not exist leaves it as it is.
      w.int(seek.stop.unwrap_or(NONE));
    })
  }

  /// Asks encoders upstream for a key frame, at a running time in ns or now.
  pub fn force_key_unit(&self, time: Option<i64>) -> Result<(), Error> {
    self.send(Send::ForceKeyUnit, |w| time.into_iter().for_each(|t| w.int(t)))
  }

  /// Turns the counting and timing of turns on or off.
  pub fn set_statistics(&self, on: bool) -> Result<(), Error> {
    self.send(Send::Statistics, |w| w.int(on.into()))
  }

  async fn go(&self, state: State) -> Result<(), Error> {
    let number = self.inner().run().go(state)?;
    self.inner().changed.notify_waiters();
    self.inner().wake();
    self
      .until(|run| {
        if run.request.number == number {
          run.request.outcome.clone()
        } else {
          Some(Err(Error::Fault("another state was asked for".into())))
        }
      })
      .await
  }

  /// Waits until there is an answer.
  async fn until<T>(&self, mut answer: impl FnMut(&mut Run) -> Option<T>) -> T {
    loop {
      // Made before the look, so that what happens behind it is not missed.
      let changed = self.inner().changed.notified();
      if let Some(answer) = answer(&mut self.inner().run()) {
        return answer;
      }
      // The loop tells of all changes; that one is late must not hang a program.
      let _ = timeout(Duration::from_secs(60), changed).await;
    }
  }

  /// Asks the core something.
  pub(crate) fn ask<T>(&self, kind: Query, read: impl FnOnce(Records<'_>) -> T) -> Result<T, Error> {
    let mut run = self.inner().run();
    if run.dead {
      return Err(closed());
    }
    match run.core.query(kind, &[])? {
      Ok(answer) => Ok(read(answer)),
      Err(code) => Err(Error::Fault(format!("the core does not answer: {}", host_error_text(code)))),
    }
  }

  fn time(&self, kind: Query) -> Option<i64> {
    let read = |mut r: Records<'_>| if r.int()? == 0 { None } else { r.int().filter(|t| *t != NONE) };
    self.ask(kind, read).ok().flatten()
  }

  fn send(&self, kind: Send, write: impl FnOnce(&mut RecordWriter<'_>)) -> Result<(), Error> {
    let mut buffer = [0; 64];
    let mut writer = RecordWriter::new(&mut buffer);
    write(&mut writer);
    let args = writer.finish().unwrap_or(&[]);
    self.event(kind, args).and_then(|code| match code {
      0 => Ok(()),
      _ => Err(Error::Fault(format!("the pipeline cannot do that: {}", host_error_text(code)))),
    })
  }

  /// Tells the pipeline something; 0, a code or a negative HostError.
  pub(crate) fn event(&self, kind: Send, args: &[u8]) -> Result<i32, Error> {
    let mut run = self.inner().run();
    if run.dead {
      return Err(closed());
    }
    let code = run.core.event(kind, args)?;
    run.take_messages();
    drop(run);
    self.inner().wake();
    Ok(code)
  }

  /// Calls with the instance, unless it has ended.
  pub(crate) fn with_core<T>(&self, call: impl FnOnce(&mut Core) -> Result<T, Error>) -> Result<T, Error> {
    let mut run = self.inner().run();
    if run.dead { Err(closed()) } else { call(&mut run.core) }
  }
}
