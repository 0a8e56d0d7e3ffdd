//! Data in a memory domain: from an element that makes handles, through the core, to one that looks at them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Context;

use g2g_host::interface::abi::{Completed, HostError};
use g2g_host::interface::{Answer, Completion, Completions, Credit, Frame, Memory};
use g2g_host::{
  ElementContext, ElementFactory, ElementTable, Ending, Engine, EngineOptions, Error, HostElement, LaunchOptions,
  MemoryHandles, Pipeline,
};

/// An object of the host, which counts how many of its kind there are.
struct Picture(u32, Arc<AtomicU32>);

impl Picture {
  fn new(n: u32, live: &Arc<AtomicU32>) -> Self {
    live.fetch_add(1, Ordering::Relaxed);
    Picture(n, live.clone())
  }
}

impl Drop for Picture {
  fn drop(&mut self) {
    self.1.fetch_sub(1, Ordering::Relaxed);
  }
}

/// Gives so many pictures, numbered.
struct Source {
  name: String,
  handles: MemoryHandles,
  live: Arc<AtomicU32>,
  credits: VecDeque<(u32, u32)>,
  given: u32,
}

const PICTURES: u32 = 40;

impl HostElement for Source {
  fn credit(&mut self, credit: Credit, _: Memory) -> Result<Answer, HostError> {
    self.credits.push_back((credit.token, credit.count));
    Ok(Answer::Pending)
  }

  fn cancel(&mut self, _: u32) {}

  fn poll(&mut self, _: &mut Context<'_>, _: i64, out: &mut dyn Completions) {
    while let Some((token, count)) = self.credits.pop_front() {
      for _ in 0..count {
        if self.given == PICTURES {
          out.put(Completion::new(token, Completed::End));
          break;
        }
        let mut data = Completion::new(token, Completed::Data);
        data.handle = self.handles.create("DMABuf", &self.name, Picture::new(self.given, &self.live));
        data.result = 16;
        self.given += 1;
        out.put(data);
      }
    }
  }
}

/// What a sink does with what it gets.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
  Good,
  Keeps,
  ReleasesTwice,
  OtherDomain,
}

struct Sink {
  handles: MemoryHandles,
  manner: Manner,
  seen: Arc<Mutex<Vec<u32>>>,
}

impl HostElement for Sink {
  fn frame(&mut self, frame: &Frame, _: u32) -> Result<Answer, HostError> {
    let domain = if self.manner == Manner::OtherDomain { "CUDAMemory" } else { "DMABuf" };
    let looked = self.handles.with(frame.handle, domain, |p: &mut Picture| p.0);
    self.seen.lock().unwrap().push(looked.map_err(|_| HostError::Invalid)?);
    match self.manner {
      Manner::Keeps => self.handles.retain(frame.handle).unwrap(),
      Manner::ReleasesTwice => self.handles.release(frame.handle).unwrap(),
      _ => {}
    }
    Ok(Answer::Done)
  }

  fn poll(&mut self, _: &mut Context<'_>, _: i64, _: &mut dyn Completions) {}
}

fn table(name: &str, direction: &str) -> ElementTable {
  let caps = "video/x-raw(memory:DMABuf), format=(string)NV12, width=(int)4, height=(int)4, framerate=(fraction)25/1";
  let text = format!(
    r#"{{"name": "{name}", "flags": ["host"],
        "pads": [{{"name": "{direction}", "direction": "{direction}", "caps": "{caps}"}}]}}"#
  );
  serde_json::from_str(&text).unwrap()
}

/// Runs pictures from a source to a sink; what the sink saw, how many objects are left, and how it ended.
async fn run(manner: Manner) -> (Vec<u32>, u32, Result<Ending, Error>, Result<(), Error>) {
  let (live, seen) = (Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(Vec::new())));
  let (made, looks) = (live.clone(), seen.clone());
  let source = move |c: &ElementContext<'_>| {
    let (name, handles, live) = (c.name.into(), c.handles.clone(), made.clone());
    Box::new(Source { name, handles, live, credits: VecDeque::new(), given: 0 }) as Box<_>
  };
  let sink =
    move |c: &ElementContext<'_>| Box::new(Sink { handles: c.handles.clone(), manner, seen: looks.clone() }) as Box<_>;
  let elements = vec![
    ElementFactory::new(table("picturesrc", "src"), source),
    ElementFactory::new(table("picturesink", "sink"), sink),
  ];
  let engine = Engine::new(&EngineOptions::default()).unwrap();
  let options = LaunchOptions { elements, ..LaunchOptions::default() };
  let pipeline = Pipeline::launch(&engine, "picturesrc name=eye ! queue ! picturesink name=wall", options).unwrap();
  let ended = match pipeline.play().await {
    Ok(()) => pipeline.done().await,
    Err(error) => Err(error),
  };
  let closed = pipeline.close().await;
  let seen = seen.lock().unwrap().clone();
  (seen, live.load(Ordering::Relaxed), ended, closed)
}

#[tokio::test]
async fn objects_go_through_and_are_dropped_with_their_last_reference() {
  let (seen, left, ended, closed) = run(Manner::Good).await;
  assert_eq!(seen, (0..PICTURES).collect::<Vec<_>>());
  assert_eq!((left, ended, closed), (0, Ok(Ending::Eos), Ok(())));
}

#[tokio::test]
async fn a_leak_names_the_element_that_made_the_handles() {
  let (_, left, _, closed) = run(Manner::Keeps).await;
  assert_eq!(left, PICTURES);
  assert_eq!(closed.unwrap_err().to_string(), "eye: DMABuf memory handles not given back: 40");
}

#[tokio::test]
async fn a_release_too_often_ends_the_pipeline_and_names_the_element() {
  let (_, _, ended, _) = run(Manner::ReleasesTwice).await;
  let text = ended.unwrap_err().to_string();
  assert!(text.contains("eye: memory handle 1 is used after its release"), "{text}");
}

#[tokio::test]
async fn memory_of_another_domain_is_refused() {
  let (seen, _, ended, _) = run(Manner::OtherDomain).await;
  assert!(seen.is_empty() && ended.is_err());
}
