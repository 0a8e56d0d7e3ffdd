//! Queues of blocks between a driver and its interrupt.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU32, Ordering};

/// A block on its way.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CBlock {
  pub token: u32,
  pub length: u32,
  pub bytes: *mut u8,
  pub time: i64,
}

/// A queue with one side that puts and one that takes. Counts go round.
#[repr(C)]
pub struct CQueue {
  pub head: AtomicU32,
  pub tail: AtomicU32,
  pub slots: u32,
  pub blocks: *const UnsafeCell<CBlock>,
}

impl CQueue {
  /// # Safety
  /// The count is of a block that this side may use.
  unsafe fn block(&self, count: u32) -> *mut CBlock {
    UnsafeCell::raw_get(unsafe { self.blocks.add((count & (self.slots - 1)) as usize) })
  }

  fn valid(&self) -> bool {
    self.slots.is_power_of_two() && !self.blocks.is_null()
  }
}

/// Puts a block in.
///
/// # Safety
/// The queue has as many blocks as it says; nobody else puts meanwhile.
#[unsafe(no_mangle)]
unsafe extern "C" fn g2g_queue_put(queue: *const CQueue, block: *const CBlock) -> bool {
  let queue = unsafe { &*queue };
  let tail = queue.tail.load(Ordering::Relaxed);
  if !queue.valid() || tail.wrapping_sub(queue.head.load(Ordering::Acquire)) >= queue.slots {
    return false;
  }
  unsafe { queue.block(tail).write(*block) };
  queue.tail.store(tail.wrapping_add(1), Ordering::Release);
  true
}

/// Looks at the oldest block.
///
/// # Safety
/// As for [`g2g_queue_take`].
#[unsafe(no_mangle)]
unsafe extern "C" fn g2g_queue_first(queue: *const CQueue, block: *mut CBlock) -> bool {
  let queue = unsafe { &*queue };
  let head = queue.head.load(Ordering::Relaxed);
  if !queue.valid() || queue.tail.load(Ordering::Acquire) == head {
    return false;
  }
  unsafe { block.write(*queue.block(head)) };
  true
}

/// Takes the oldest block.
///
/// # Safety
/// The queue has as many blocks as it says; nobody else takes meanwhile.
#[unsafe(no_mangle)]
unsafe extern "C" fn g2g_queue_take(queue: *const CQueue, block: *mut CBlock) -> bool {
  let any = unsafe { g2g_queue_first(queue, block) };
  if any {
    let queue = unsafe { &*queue };
    let head = queue.head.load(Ordering::Relaxed);
    queue.head.store(head.wrapping_add(1), Ordering::Release);
  }
  any
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn blocks_come_out_in_order_over_the_wrap_and_none_is_lost() {
    let cell = || UnsafeCell::new(CBlock { token: 0, length: 0, bytes: core::ptr::null_mut(), time: 0 });
    let blocks = [cell(), cell(), cell(), cell()];
    let near = AtomicU32::new(u32::MAX - 1);
    let queue = CQueue { head: (u32::MAX - 1).into(), tail: near, slots: 4, blocks: blocks.as_ptr() };
    let mut out = cell().into_inner();
    let mut next = 0;
    for token in 0..100 {
      let block = CBlock { token, ..out };
      assert!(unsafe { g2g_queue_put(&queue, &block) });
      if token % 4 == 3 {
        assert!(!unsafe { g2g_queue_put(&queue, &block) });
        for _ in 0..4 {
          assert!(unsafe { g2g_queue_first(&queue, &mut out) } && out.token == next);
          assert!(unsafe { g2g_queue_take(&queue, &mut out) } && out.token == next);
          next += 1;
        }
        assert!(!unsafe { g2g_queue_take(&queue, &mut out) });
      }
    }
    assert_eq!(next, 100);
  }

  #[test]
  fn a_queue_that_was_not_set_up_holds_nothing() {
    let queue = CQueue { head: 0.into(), tail: 0.into(), slots: 0, blocks: core::ptr::null() };
    let mut block = CBlock { token: 0, length: 0, bytes: core::ptr::null_mut(), time: 0 };
    assert!(!unsafe { g2g_queue_put(&queue, &block) });
    assert!(!unsafe { g2g_queue_take(&queue, &mut block) });
  }
}
