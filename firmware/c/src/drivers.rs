//! The program's drivers as the elements of the image.

use core::ptr::null;

use g2g_interface::{HostElement, HostError};
use g2g_runtime::Elements;

use crate::driver::Driver;
use crate::types::{CElement, string};

/// Elements that a program can have; the same number stands in g2g.h.
pub const MAX_ELEMENTS: usize = 8;

struct Entry {
  /// NULL in a place that is not used.
  element: *const CElement,
  driver: Driver,
  open: bool,
}

/// All of them.
pub struct Drivers {
  entries: [Entry; MAX_ELEMENTS],
}

impl Drivers {
  /// None.
  pub const fn new() -> Self {
    // Nothing is asked of a driver before `set` has put one there.
    Drivers { entries: [const { Entry { element: null(), driver: unsafe { Driver::new(null()) }, open: false } }; _] }
  }

  /// Takes the elements of a list; false when there are too many, or one is not an element.
  ///
  /// # Safety
  /// There are `count` places at `list`; what they name keeps to g2g.h, and stays as it is while this is used.
  pub unsafe fn set(&mut self, list: *const *const CElement, count: u32) -> bool {
    let count = count as usize;
    if count > 0 && list.is_null() || count > MAX_ELEMENTS {
      return false;
    }
    for (i, entry) in self.entries.iter_mut().enumerate() {
      let element = if i < count { unsafe { *list.add(i) } } else { null() };
      (entry.element, entry.open) = (element, false);
      if i < count {
        let driver = unsafe { element.as_ref().and_then(|e| e.driver.as_ref()) };
        if driver.is_none_or(|d| d.factory.is_null()) {
          return false;
        }
        entry.driver = unsafe { Driver::new(element) };
      }
    }
    true
  }

  /// Closes what is open.
  pub fn close_all(&mut self) {
    for entry in self.entries.iter_mut().filter(|e| e.open) {
      entry.open = false;
      entry.driver.close();
    }
  }
}

impl Elements for &'static mut Drivers {
  fn open(&mut self, factory: &str, name: &str) -> Result<usize, HostError> {
    let mut error = HostError::NotFound;
    let mut found = None;
    for (slot, entry) in self.entries.iter().enumerate() {
      if entry.element.is_null() {
        continue;
      }
      // By the contract of `set`.
      let (kind, own) = unsafe { (string((*(*entry.element).driver).factory), (*entry.element).name) };
      if kind != factory || !own.is_null() && unsafe { string(own) } != name {
        continue;
      }
      if entry.open {
        error = HostError::Busy;
      } else if found.is_none() || !own.is_null() {
        // One that is for this name comes before one that is for any.
        found = Some(slot);
      }
    }
    let entry = found.and_then(|slot| self.entries.get_mut(slot));
    let (Some(slot), Some(entry)) = (found, entry) else { return Err(error) };
    entry.driver.open(name)?;
    entry.open = true;
    Ok(slot)
  }

  fn element(&mut self, slot: usize) -> Option<&mut dyn HostElement> {
    self.entries.get_mut(slot).filter(|e| e.open).map(|e| &mut e.driver as &mut dyn HostElement)
  }

  fn close(&mut self, slot: usize) {
    if let Some(entry) = self.entries.get_mut(slot)
      && core::mem::take(&mut entry.open)
    {
      entry.driver.close();
    }
  }
}
