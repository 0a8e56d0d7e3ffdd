//! Memory handles: objects of the host in a memory domain, such as a picture of a decoder, which the core knows by a number.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Names of elements whose handles are gone, so that a late release can be laid at the right door.
const REMEMBERED: usize = 1024;

struct Entry {
  domain: &'static str,
  element: String,
  references: u32,
  value: Box<dyn Any + Send>,
}

/// The memory handles of a pipeline. Copies are the same table.
#[derive(Clone, Default)]
pub struct MemoryHandles(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
  live: HashMap<i32, Entry>,
  gone: VecDeque<(i32, String)>,
  last: i32,
}

impl MemoryHandles {
  fn table(&self) -> MutexGuard<'_, Table> {
    self.0.lock().unwrap_or_else(PoisonError::into_inner)
  }

  /// Makes a handle with one reference, which goes to the core with the completion that brings it.
  /// @param domain as in caps features: "DMABuf" for memory:DMABuf
  /// @param element name of the element that makes it
  /// @param value the object; dropped with the last reference
  pub fn create<T: Send + 'static>(&self, domain: &'static str, element: &str, value: T) -> i32 {
    let mut table = self.table();
    table.last += 1;
    let handle = table.last;
    let value = Box::new(value);
    table.live.insert(handle, Entry { domain, element: element.into(), references: 1, value });
    handle
  }

  /// Looks at the object of a handle, which must be of a domain and a type.
  /// @throws in words, with the name of the element that made it
  pub fn with<T: 'static, R>(&self, handle: i32, domain: &str, look: impl FnOnce(&mut T) -> R) -> Result<R, String> {
    let mut table = self.table();
    let entry = table.entry(handle)?;
    let wrong = format!("{}: memory handle {handle} is {} memory, not {domain}", entry.element, entry.domain);
    let value = entry.value.downcast_mut().filter(|_| entry.domain == domain);
    value.map(look).ok_or(wrong)
  }

  /// One more reference.
  pub fn retain(&self, handle: i32) -> Result<(), String> {
    self.table().entry(handle).map(|e| e.references += 1)
  }

  /// One reference less; with the last one the object is dropped.
  pub fn release(&self, handle: i32) -> Result<(), String> {
    let mut table = self.table();
    let entry = table.entry(handle)?;
    entry.references -= 1;
    if entry.references > 0 {
      return Ok(());
    }
    let gone = table.live.remove(&handle);
    if let Some(entry) = &gone {
      if table.gone.len() == REMEMBERED {
        table.gone.pop_front();
      }
      table.gone.push_back((handle, entry.element.clone()));
    }
    // The object may use the table when it goes.
    drop(table);
    Ok(())
  }

  /// What was not given back, in words.
  pub fn leaks(&self) -> Vec<String> {
    let table = self.table();
    let mut counts: Vec<(String, u32)> = Vec::new();
    let mut live: Vec<_> = table.live.iter().collect();
    live.sort_by_key(|(handle, _)| **handle);
    for (_, e) in live {
      let what = format!("{}: {} memory handles not given back", e.element, e.domain);
      match counts.iter_mut().find(|(have, _)| *have == what) {
        Some((_, n)) => *n += 1,
        None => counts.push((what, 1)),
      }
    }
    counts.into_iter().map(|(what, n)| format!("{what}: {n}")).collect()
  }
}

impl Table {
  fn entry(&mut self, handle: i32) -> Result<&mut Entry, String> {
    let fault = match self.gone.iter().find(|(h, _)| *h == handle) {
      Some((_, owner)) => format!("{owner}: memory handle {handle} is used after its release"),
      None => format!("no memory handle {handle}"),
    };
    self.live.get_mut(&handle).ok_or(fault)
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn a_handle_lives_until_its_last_reference_goes() {
    let table = MemoryHandles::default();
    let handle = table.create("DMABuf", "dec", 7u32);
    table.retain(handle).unwrap();
    table.release(handle).unwrap();
    assert_eq!(table.with(handle, "DMABuf", |n: &mut u32| *n), Ok(7));
    assert_eq!(table.leaks(), ["dec: DMABuf memory handles not given back: 1"]);
    table.release(handle).unwrap();
    assert_eq!(table.release(handle), Err("dec: memory handle 1 is used after its release".into()));
    assert!(table.leaks().is_empty());
  }

  #[test]
  fn a_handle_of_another_domain_or_kind_is_refused_with_the_name_of_its_element() {
    let table = MemoryHandles::default();
    let handle = table.create("DMABuf", "dec", 7u32);
    let refused = Err("dec: memory handle 1 is DMABuf memory, not CUDAMemory".into());
    assert_eq!(table.with(handle, "CUDAMemory", |n: &mut u32| *n), refused);
    assert!(table.with(handle, "DMABuf", |n: &mut u8| *n).is_err());
    assert_eq!(table.with(99, "DMABuf", |n: &mut u8| *n), Err("no memory handle 99".into()));
  }
}
