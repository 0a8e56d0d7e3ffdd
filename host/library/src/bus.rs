//! The bus: messages of a pipeline, for any number of readers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;

use crate::messages::Message;

/// Messages that are kept for a reader that is slow, or for the first one; older ones are dropped.
const MAX_WAITING: usize = 4096;

/// Messages that wait, the oldest first.
#[derive(Default)]
struct Waiting(VecDeque<Message>);

impl Waiting {
  fn push(&mut self, message: Message) {
    if self.0.len() == MAX_WAITING {
      self.0.pop_front();
    }
    self.0.push_back(message);
  }
}

#[derive(Default)]
struct Queue {
  waiting: Waiting,
  over: bool,
}

/// What a reader shares with the pipeline.
#[derive(Default)]
struct Reader {
  queue: Mutex<Queue>,
  more: Notify,
}

impl Reader {
  fn lock(&self) -> MutexGuard<'_, Queue> {
    self.queue.lock().expect("no holder panics")
  }
}

#[derive(Default)]
struct Shared {
  readers: Vec<Arc<Reader>>,
  /// What came before the first reader.
  early: Waiting,
  /// Whether there has been a reader.
  read: bool,
  over: bool,
}

/// The pipeline's end of the bus. Copies are the same bus.
#[derive(Clone, Default)]
pub(crate) struct Messages(Arc<Mutex<Shared>>);

impl Messages {
  fn lock(&self) -> MutexGuard<'_, Shared> {
    self.0.lock().expect("no holder panics")
  }

  /// Hands a message to all readers.
  pub fn push(&self, message: Message) {
    let mut shared = self.lock();
    for reader in &shared.readers {
      reader.lock().waiting.push(message.clone());
      reader.more.notify_one();
    }
    if !shared.read {
      shared.early.push(message);
    }
  }

  /// Ends all readers, once they have what waits: nothing more will come until `reopen`.
  pub fn finish(&self) {
    let mut shared = self.lock();
    shared.over = true;
    for reader in shared.readers.drain(..) {
      reader.lock().over = true;
      reader.more.notify_one();
    }
  }

  /// The pipeline has been started anew; readers from now on get its messages.
  pub fn reopen(&self) {
    self.lock().over = false;
  }

  /// A new reader, of what comes from now on; the first one also gets what came before it.
  pub fn subscribe(&self) -> Bus {
    let mut shared = self.lock();
    let waiting = if shared.read { Waiting::default() } else { std::mem::take(&mut shared.early) };
    shared.read = true;
    let reader = Arc::new(Reader { queue: Mutex::new(Queue { waiting, over: shared.over }), more: Notify::new() });
    if !shared.over {
      shared.readers.push(reader.clone());
    }
    drop(shared);
    Bus { reader, messages: self.clone() }
  }
}

/// A reader of the messages of a pipeline. It gets those from its making on, the first of a pipeline also those that came
/// before it; when it is slow, the oldest that wait are dropped from 4096 on.
pub struct Bus {
  reader: Arc<Reader>,
  messages: Messages,
}

impl Bus {
  /// The next message; `None` for ever when the pipeline has ended or is closed. A pipeline that is started again has new readers.
  pub async fn next(&mut self) -> Option<Message> {
    loop {
      {
        let mut queue = self.reader.lock();
        if let Some(message) = queue.waiting.0.pop_front() {
          return Some(message);
        }
        if queue.over {
          return None;
        }
      }
      self.reader.more.notified().await;
    }
  }
}

impl Drop for Bus {
  fn drop(&mut self) {
    self.messages.lock().readers.retain(|reader| !Arc::ptr_eq(reader, &self.reader));
  }
}

#[cfg(test)]
mod tests {
  use std::time::Duration;

  use tokio::time::timeout;

  use super::*;

  fn message(n: usize) -> Message {
    Message::Eos { element: n.to_string() }
  }

  /// All that comes until the end, or until nothing comes any more.
  async fn all(bus: &mut Bus) -> (Vec<usize>, bool) {
    let mut out = vec![];
    loop {
      match timeout(Duration::from_millis(20), bus.next()).await {
        Ok(Some(message)) => out.push(message.element().parse().unwrap()),
        Ok(None) => return (out, true),
        Err(_) => return (out, false),
      }
    }
  }

  #[tokio::test]
  async fn the_first_reader_gets_what_came_before_it_and_others_what_comes() {
    let messages = Messages::default();
    messages.push(message(1));
    let mut first = messages.subscribe();
    let mut second = messages.subscribe();
    messages.push(message(2));
    assert_eq!(all(&mut first).await, (vec![1, 2], false));
    assert_eq!(all(&mut second).await, (vec![2], false));
  }

  #[tokio::test]
  async fn readers_end_with_the_pipeline_and_new_ones_come_with_its_next_run() {
    let messages = Messages::default();
    let mut before = messages.subscribe();
    messages.push(message(1));
    messages.finish();
    let mut between = messages.subscribe();
    messages.reopen();
    let mut after = messages.subscribe();
    messages.push(message(2));
    assert_eq!(all(&mut before).await, (vec![1], true));
    assert_eq!(all(&mut between).await, (vec![], true));
    assert_eq!(all(&mut after).await, (vec![2], false));
  }

  #[tokio::test]
  async fn a_reader_that_waits_is_woken_by_a_message_and_by_the_end() {
    let messages = Messages::default();
    let mut bus = messages.subscribe();
    let reading = tokio::spawn(async move { (bus.next().await, bus.next().await) });
    tokio::task::yield_now().await;
    messages.push(message(1));
    tokio::task::yield_now().await;
    messages.finish();
    assert_eq!(timeout(Duration::from_secs(5), reading).await.unwrap().unwrap(), (Some(message(1)), None));
  }

  #[tokio::test]
  async fn at_most_so_many_wait_and_the_newest_stay() {
    let messages = Messages::default();
    (0..MAX_WAITING + 3).for_each(|n| messages.push(message(n)));
    let mut first = messages.subscribe();
    let mut second = messages.subscribe();
    assert_eq!(first.next().await, Some(message(3)));
    (0..MAX_WAITING + 5).for_each(|n| messages.push(message(n)));
    messages.finish();
    let (got, over) = all(&mut second).await;
    assert_eq!((got.len(), got[0], over), (MAX_WAITING, 5, true));
  }

  #[tokio::test]
  async fn a_reader_that_is_gone_keeps_nothing() {
    let messages = Messages::default();
    drop(messages.subscribe());
    assert!(messages.lock().readers.is_empty());
    messages.push(message(1));
    assert!(messages.lock().early.0.is_empty());
  }
}
