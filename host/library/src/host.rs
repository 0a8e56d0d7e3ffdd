//! Serves the imports of one instance: files, elements, memory handles, messages.

use std::collections::HashMap;
use std::sync::Arc;

use g2g_interface::abi::{HostError, Op, OpenKind, Post};
use g2g_interface::{Completion, Records, Ring};

use crate::clock::Clock;
use crate::elements::{self, ElementFactory};
use crate::errors::Error;
use crate::files;
use crate::handles::MemoryHandles;
use crate::outbox::{Entry, Outbox};
use crate::record::Recorder;
use crate::resource::{Linear, Resource, ResourceHost, Traffic};

/// What is there of a host once its instance has its memory.
struct Bound {
  resources: ResourceHost,
  ring: Option<Ring>,
}

/// The host of one instance.
pub struct Host {
  /// Where operations end.
  pub outbox: Outbox,
  /// What was read and written.
  pub traffic: Arc<Traffic>,
  /// Messages that nobody has taken yet, as they came.
  pub posted: Vec<(Post, Vec<u8>)>,
  /// A fault of the host or of its elements that no operation can carry.
  pub fault: Option<String>,
  /// Writes down what the core is told and asks, if it is wanted.
  pub recorder: Option<Recorder>,
  handles: MemoryHandles,
  clock: Clock,
  factories: Arc<[ElementFactory]>,
  open: HashMap<i32, Box<dyn Resource>>,
  last: i32,
  bound: Option<Bound>,
}

// The ring lies in the memory of the instance, which goes with it.
unsafe impl Send for Host {}

impl Host {
  /// A host with elements.
  pub fn new(factories: Arc<[ElementFactory]>, clock: Clock) -> Host {
    Host {
      outbox: Outbox::default(),
      traffic: Arc::default(),
      posted: Vec::new(),
      fault: None,
      recorder: None,
      handles: MemoryHandles::default(),
      clock,
      factories,
      open: HashMap::new(),
      last: 0,
      bound: None,
    }
  }

  /// Takes the memory of the instance.
  pub fn bind(&mut self, memory: Linear) {
    if let Some(recorder) = &mut self.recorder {
      recorder.bind(memory);
    }
    let resources = ResourceHost { memory, outbox: self.outbox.clone(), traffic: self.traffic.clone() };
    self.bound = Some(Bound { resources, ring: None });
  }

  /// Takes the ring, whose header lies at an address; false when there is none.
  pub fn set_ring(&mut self, at: u32) -> bool {
    let Some(bound) = &mut self.bound else { return false };
    bound.ring = Ring::new(bound.resources.memory.0, at);
    bound.ring.is_some()
  }

  /// The time, ns of its monotonic clock.
  pub fn now(&self) -> i64 {
    self.clock.now()
  }

  fn bytes(&self, ptr: u32, length: u32) -> Option<&[u8]> {
    self.bound.as_ref()?.resources.memory.0.bytes(ptr, length)
  }

  // What the core calls.

  /// Opens a file or an element; a handle, or a negative HostError.
  pub fn open(&mut self, kind: u32, ptr: u32, length: u32) -> i32 {
    let opened = self.open_resource(kind, ptr, length);
    let resource = match opened {
      Ok(resource) => resource,
      Err(error) => return error as i32,
    };
    self.last += 1;
    self.open.insert(self.last, resource);
    self.last
  }

  fn open_resource(&mut self, kind: u32, ptr: u32, length: u32) -> Result<Box<dyn Resource>, HostError> {
    let kind = OpenKind::from_raw(kind as i32).ok_or(HostError::Unsupported)?;
    let bound = self.bound.as_ref().ok_or(HostError::Closed)?;
    let spec = self.bytes(ptr, length).ok_or(HostError::Invalid)?;
    if kind == OpenKind::Element {
      let mut records = Records::new(spec);
      let (factory, name) = (records.str().ok_or(HostError::Invalid)?, records.str().ok_or(HostError::Invalid)?);
      let factory = self.factories.iter().find(|f| f.table.name == factory).ok_or(HostError::NotFound)?;
      return elements::open(factory, name, &self.handles, &bound.resources);
    }
    let path = std::str::from_utf8(spec).map_err(|_| HostError::NotFound)?;
    files::open(&bound.resources, kind, path)
  }

  /// Starts an operation; a result of 0 or more, Pending, or a negative HostError.
  pub fn submit(&mut self, handle: i32, op: u32, ptr: u32, length: u32, aux: i64, token: u32) -> i32 {
    let Some(op) = Op::from_raw(op as i32) else { return HostError::Unsupported as i32 };
    match self.open.get_mut(&handle) {
      Some(resource) => resource.submit(op, ptr, length, aux, token),
      None => HostError::Closed as i32,
    }
  }

  /// Asks for an operation to end soon.
  pub fn cancel(&mut self, token: u32) {
    self.open.values_mut().for_each(|r| r.cancel(token));
  }

  /// Gives a resource back.
  pub fn close(&mut self, handle: i32) {
    if let Some(mut resource) = self.open.remove(&handle) {
      resource.close();
    }
  }

  /// One more reference to a memory handle.
  pub fn retain(&mut self, handle: i32) {
    if let Err(fault) = self.handles.retain(handle) {
      self.fault.get_or_insert(fault);
    }
  }

  /// One reference to a memory handle less.
  pub fn release(&mut self, handle: i32) {
    if let Err(fault) = self.handles.release(handle) {
      self.fault.get_or_insert(fault);
    }
  }

  /// Takes a message.
  pub fn post(&mut self, kind: u32, ptr: u32, length: u32) {
    let records = self.bytes(ptr, length).map(<[u8]>::to_vec);
    if let (Some(kind), Some(records)) = (Post::from_raw(kind as i32), records) {
      self.posted.push((kind, records));
    }
  }

  /// Random bytes.
  pub fn random(&mut self, ptr: u32, length: u32) {
    let Some(to) = self.bound.as_ref().and_then(|b| b.resources.memory.0.bytes_mut(ptr, length)) else { return };
    let mut done = 0;
    while done < to.len() {
      match rustix::rand::getrandom(&mut to[done..], rustix::rand::GetRandomFlags::empty()) {
        Ok(n) => done += n,
        Err(rustix::io::Errno::INTR) => {}
        Err(error) => {
          self.fault.get_or_insert(format!("there are no random numbers: {error}"));
          return;
        }
      }
    }
  }

  /// The time for what elements take, ns.
  pub fn tick(&self) -> i64 {
    self.clock.tick()
  }

  // What the loop calls.

  /// Takes the oldest of what operations have come to, when the ring has room for it.
  pub fn take(&mut self) -> Option<Entry> {
    let room = self.ring().is_some_and(|ring| ring.room() > 0);
    if room { self.outbox.take() } else { None }
  }

  /// Puts it into the ring, which has room.
  pub fn put(&mut self, completion: &Completion) {
    if let Some(ring) = self.bound.as_mut().and_then(|b| b.ring.as_mut()) {
      ring.put(completion);
    }
    if let Some(recorder) = &mut self.recorder {
      recorder.completed(completion);
    }
  }

  fn ring(&self) -> Option<&Ring> {
    self.bound.as_ref()?.ring.as_ref()
  }

  /// Whether completions wait for the core.
  pub fn completed(&self) -> bool {
    self.ring().is_some_and(|r| r.waiting() > 0) || !self.outbox.is_empty()
  }

  /// Moves what elements can move.
  pub fn poll(&mut self) {
    let now = self.now();
    self.open.values_mut().for_each(|r| r.poll(now));
  }

  /// Does something of what can be done while the core waits; whether there was anything.
  pub fn idle(&mut self) -> bool {
    self.open.values_mut().any(|r| r.idle())
  }

  /// Ends the recording, if there is one.
  /// @throws when it could not be written
  pub fn end_recording(&mut self) -> Result<(), Error> {
    self.recorder.as_mut().map_or(Ok(()), Recorder::finish)
  }

  /// Gives everything back that the core has not, which after `dispose` is a leak and after a trap is the rest.
  pub fn close_all(&mut self) {
    self.open.drain().for_each(|(_, mut resource)| resource.close());
  }

  /// What was opened and not closed, and memory handles not given back, in words; empty when all was.
  pub fn leaks(&self) -> String {
    let mut words = Vec::new();
    if !self.open.is_empty() {
      words.push(format!("handles not closed: {}", self.open.len()));
    }
    words.extend(self.handles.leaks());
    words.join("; ")
  }
}
