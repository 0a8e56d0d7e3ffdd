//! Pipelines beside each other: what ends one leaves the others as they are.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use g2g_host::supervise::{Event, Policy, Restart, Watched, supervise};
use g2g_host::{Ending, Engine, EngineOptions, Error, LaunchOptions, Pipeline};
use tokio::sync::watch;

fn engine(pipelines: u32) -> Engine {
  Engine::new(&EngineOptions { pipelines, ..EngineOptions::default() }).unwrap()
}

async fn play(engine: &Engine, line: &str, memory: u32) -> Result<Ending, Error> {
  let pipeline = Pipeline::launch(engine, line, LaunchOptions { memory, ..LaunchOptions::default() })?;
  let ended = match pipeline.play().await {
    Ok(()) => pipeline.done().await,
    Err(error) => Err(error),
  };
  pipeline.close().await?;
  ended
}

#[tokio::test]
async fn a_pipeline_that_takes_too_much_memory_fails_and_others_go_on() {
  let engine = engine(16);
  let hungry = "fakesrc sizetype=2 sizemax=8000000 num-buffers=5 ! fakesink";
  let fine = (0..8).map(|_| {
    let engine = engine.clone();
    tokio::spawn(async move { play(&engine, "fakesrc num-buffers=2000 ! queue ! fakesink", 4 << 20).await })
  });
  let fine: Vec<_> = fine.collect();
  let error = play(&engine, hungry, 4 << 20).await.unwrap_err();
  assert!(matches!(&error, Error::Pipeline(report) if report.name == "NoMemory"), "{error}");
  for run in fine {
    assert_eq!(run.await.unwrap(), Ok(Ending::Eos));
  }
}

#[tokio::test]
async fn more_pipelines_than_there_is_room_for_are_refused_and_room_is_used_again() {
  let engine = engine(2);
  let launch = || Pipeline::launch(&engine, "fakesrc ! fakesink", LaunchOptions::default());
  let (a, b) = (launch().unwrap(), launch().unwrap());
  assert!(matches!(launch(), Err(Error::Fault(_))));
  a.close().await.unwrap();
  drop(a);
  b.close().await.unwrap();
  drop(b);
  // The task of a pipeline gives its memory back a moment after the last handle is gone.
  for _ in 0..1000 {
    if launch().is_ok() {
      return;
    }
    tokio::time::sleep(Duration::from_millis(5)).await;
  }
  panic!("no room came back");
}

#[tokio::test]
async fn a_pipeline_that_nobody_holds_any_more_ends() {
  let engine = engine(1);
  let pipeline = Pipeline::launch(&engine, "fakesrc is-live=true ! fakesink", LaunchOptions::default()).unwrap();
  let mut bus = pipeline.bus();
  pipeline.play().await.unwrap();
  drop(pipeline);
  tokio::time::timeout(Duration::from_secs(20), async { while bus.next().await.is_some() {} }).await.unwrap();
}

/// Runs a line under supervision; what was told.
async fn supervised(line: &str, policy: Policy, stop: watch::Receiver<bool>) -> (Vec<Event>, Result<(), Error>) {
  let told = Mutex::new(Vec::new());
  let tell = |event| told.lock().unwrap().push(event);
  let ended = supervise(&engine(4), line, LaunchOptions::default, &policy, stop, &Watched::default(), tell).await;
  (told.into_inner().unwrap(), ended)
}

fn kinds(events: &[Event]) -> Vec<&'static str> {
  let kind = |event: &Event| match event {
    Event::Started => "started",
    Event::Ended(_) => "ended",
    Event::Failed(_) => "failed",
    Event::Restarts(..) => "restarts",
    Event::GivenUp => "given up",
  };
  events.iter().map(kind).collect()
}

#[tokio::test]
async fn a_pipeline_that_fails_is_begun_anew_until_it_is_given_up() {
  let policy = Policy { most: 2, pause: Duration::from_millis(1), ..Policy::default() };
  let (_stop, stopped) = watch::channel(false);
  let (told, ended) = supervised("fakesrc ! identity error-after=3 ! fakesink", policy, stopped).await;
  let failed = told.iter().filter(|e| matches!(e, Event::Failed(_))).count();
  assert_eq!(failed, 3, "{told:?}");
  assert_eq!(kinds(&told).last(), Some(&"given up"));
  assert!(ended.is_err());
}

#[tokio::test]
async fn the_policy_says_whether_an_end_is_followed_by_a_beginning() {
  let line = "fakesrc num-buffers=3 ! fakesink";
  let (_stop, stopped) = watch::channel(false);
  let (told, ended) = supervised(line, Policy::default(), stopped.clone()).await;
  assert_eq!((kinds(&told), ended), (vec!["started", "ended"], Ok(())));
  let policy = Policy { restart: Restart::Always, most: 3, pause: Duration::ZERO, ..Policy::default() };
  let (told, _) = supervised(line, policy, stopped).await;
  assert_eq!(told.iter().filter(|e| **e == Event::Ended(Ending::Eos)).count(), 4);
}

#[tokio::test]
async fn a_pipeline_that_is_to_stop_ends_its_streams_first() {
  let (stop, stopped) = watch::channel(false);
  let stop = Arc::new(stop);
  let line = "fakesrc is-live=true ! fakesink";
  let run = tokio::spawn(async move { supervised(line, Policy::default(), stopped).await });
  tokio::time::sleep(Duration::from_millis(100)).await;
  stop.send(true).unwrap();
  let (told, ended) = tokio::time::timeout(Duration::from_secs(30), run).await.unwrap().unwrap();
  assert_eq!((kinds(&told), ended), (vec!["started", "ended"], Ok(())));
  assert!(told.contains(&Event::Ended(Ending::Eos)), "{told:?}");
}
