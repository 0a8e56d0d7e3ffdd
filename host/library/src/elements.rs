//! Serves elements of the host: makes what the core asks of them into calls of [`HostElement`].

use std::sync::Arc;
use std::task::{Context, Wake, Waker};

pub use g2g_interface::HostElement;
use g2g_interface::abi::{Completed, HostError, Op};
use g2g_interface::element::Upstream;
use g2g_interface::{Answer, Completion, Completions, Credit, Frame, Records};

use crate::handles::MemoryHandles;
use crate::outbox::Outbox;
use crate::resource::{Resource, ResourceHost};
use crate::table::ElementTable;

/// What an element is given when it is made.
pub struct ElementContext<'a> {
  /// Name of the instance in its pipeline.
  pub name: &'a str,
  /// The memory handles of the pipeline, for data in a memory domain.
  pub handles: &'a MemoryHandles,
}

/// Makes an element for an instance in a pipeline.
pub type Create = dyn Fn(&ElementContext<'_>) -> Box<dyn HostElement + Send> + Send + Sync;

/// A kind of element that the host serves.
#[derive(Clone)]
pub struct ElementFactory {
  /// What it is and can: its name, pads, properties.
  pub table: Arc<ElementTable>,
  /// Makes one.
  pub create: Arc<Create>,
}

impl ElementFactory {
  /// A kind of element.
  /// @param create makes one
  pub fn new(
    table: ElementTable,
    create: impl Fn(&ElementContext<'_>) -> Box<dyn HostElement + Send> + Send + Sync + 'static,
  ) -> ElementFactory {
    ElementFactory { table: Arc::new(table), create: Arc::new(create) }
  }
}

/// Begins an instance of an element.
pub fn open(
  factory: &ElementFactory,
  name: &str,
  handles: &MemoryHandles,
  host: &ResourceHost,
) -> Result<Box<dyn Resource>, HostError> {
  let waker = Waker::from(Arc::new(Alarm(host.outbox.clone())));
  Ok(Box::new(Server {
    element: (factory.create)(&ElementContext { name, handles }),
    name: name.into(),
    host: host.clone(),
    waker,
  }))
}

/// Wakes the loop of the pipeline.
struct Alarm(Outbox);

impl Wake for Alarm {
  fn wake(self: Arc<Self>) {
    self.0.wake();
  }

  fn wake_by_ref(self: &Arc<Self>) {
    self.0.wake();
  }
}

struct Server {
  element: Box<dyn HostElement + Send>,
  name: String,
  host: ResourceHost,
  waker: Waker,
}

impl Server {
  fn perform(&mut self, op: Op, ptr: u32, length: u32, aux: i64, token: u32) -> Result<i32, HostError> {
    let memory = self.host.memory.0;
    let pad = u32::try_from(aux).unwrap_or(0);
    let mut records = match op {
      Op::Property | Op::Configure | Op::Event => Records::new(memory.bytes(ptr, length).ok_or(HostError::Invalid)?),
      _ => Records::new(&[]),
    };
    let answer = match op {
      Op::Property => {
        let name = records.str().ok_or(HostError::Invalid)?;
        self.element.property(name, records.next().ok_or(HostError::Invalid)?)?;
        Answer::Done
      }
      Op::Configure => {
        let pad = records.int().and_then(|n| u32::try_from(n).ok()).ok_or(HostError::Invalid)?;
        let block = self.element.configure(pad, records.str().ok_or(HostError::Invalid)?)?;
        return i32::try_from(block).map_err(|_| HostError::NoMemory);
      }
      Op::Event => {
        if let Some(event) = Upstream::read(records) {
          self.element.event(event);
        }
        Answer::Done
      }
      Op::Frame => self.element.frame(&Frame::read(memory, ptr).ok_or(HostError::Invalid)?, token)?,
      Op::Credit => {
        let count = if ptr == 0 { pad } else { 1 };
        let (pad, length) = if ptr == 0 { (length, 0) } else { (pad, length) };
        memory.pointer(ptr, length).ok_or(HostError::Invalid)?;
        self.element.credit(Credit { token, pad, count, block: ptr, length }, memory)?
      }
      Op::Drain => match self.element.drain(pad, token)? {
        Answer::Done => {
          self.host.outbox.put(Completion::new(token, Completed::End));
          Answer::Pending
        }
        answer => answer,
      },
      Op::Flush => {
        self.element.flush(pad);
        Answer::Done
      }
      _ => return Err(HostError::Unsupported),
    };
    Ok(if answer == Answer::Done { 0 } else { HostError::Pending as i32 })
  }
}

impl Resource for Server {
  fn submit(&mut self, op: Op, ptr: u32, length: u32, aux: i64, token: u32) -> i32 {
    let result = self.perform(op, ptr, length, aux, token).unwrap_or_else(|e| e as i32);
    // It is polled after the step, to have it wait for what it needs.
    self.host.outbox.wake();
    result
  }

  fn cancel(&mut self, token: u32) {
    self.element.cancel(token);
  }

  fn poll(&mut self, now: i64) {
    let mut out = Out(&self.host.outbox, &self.name);
    self.element.poll(&mut Context::from_waker(&self.waker), now, &mut out);
  }

  fn close(&mut self) {
    self.element.close();
  }
}

/// Takes all completions: those that the ring has no room for wait.
struct Out<'a>(&'a Outbox, &'a str);

impl Completions for Out<'_> {
  fn room(&self) -> bool {
    true
  }

  fn put(&mut self, completion: Completion) {
    self.0.put(completion);
  }

  fn put_bytes(&mut self, completion: Completion, bytes: &[u8]) -> bool {
    self.0.put_bytes(completion, bytes);
    true
  }

  fn explain(&mut self, why: &str) {
    self.0.explain(self.1, why);
  }
}
