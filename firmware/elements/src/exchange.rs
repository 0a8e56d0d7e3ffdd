//! Work between an element and what drives its device: an interrupt, or a task of the board's.

use core::future::poll_fn;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::{Context, Poll};

use embassy_sync::waitqueue::AtomicWaker;

use crate::spsc::Spsc;

/// Jobs go from an element to its driver, results come back; at most `N` of each, a power of two. It lies in static memory.
///
/// The driver is an interrupt, or a task on the executor of the step loop or above it: what it does between two questions
/// of [`Exchange::is_wanted`] is not interrupted by the element.
pub struct Exchange<J: Copy, R: Copy, const N: usize> {
  jobs: Spsc<(J, u32), N>,
  results: Spsc<(R, u32), N>,
  /// Jobs of an older round are void.
  round: AtomicU32,
  /// Jobs whose results have not been taken; the element's alone.
  out: AtomicU32,
  driver: AtomicWaker,
  element: AtomicWaker,
}

impl<J: Copy, R: Copy, const N: usize> Default for Exchange<J, R, N> {
  fn default() -> Self {
    Self::new()
  }
}

impl<J: Copy, R: Copy, const N: usize> Exchange<J, R, N> {
  /// An exchange without jobs.
  pub const fn new() -> Self {
    Exchange {
      jobs: Spsc::new(),
      results: Spsc::new(),
      round: AtomicU32::new(0),
      out: AtomicU32::new(0),
      driver: AtomicWaker::new(),
      element: AtomicWaker::new(),
    }
  }

  /// The element's side: hands out a job; false when `N` are out, void ones included.
  pub fn submit(&self, job: J) -> bool {
    let out = self.out.load(Ordering::Relaxed);
    if out as usize >= N || !self.jobs.push((job, self.round.load(Ordering::Relaxed))) {
      return false;
    }
    self.out.store(out + 1, Ordering::Relaxed);
    self.driver.wake();
    true
  }

  /// The element's side: voids the jobs that are out. The driver touches no memory of theirs any more, and what they came to
  /// is not told.
  pub fn void(&self) {
    self.round.store(self.round.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
    self.driver.wake();
  }

  /// The element's side: the oldest result. Without one, the element's task is woken by the next.
  pub fn result(&self, context: &mut Context<'_>) -> Option<R> {
    self.pop().or_else(|| {
      self.element.register(context.waker());
      self.pop()
    })
  }

  fn pop(&self) -> Option<R> {
    while let Some((result, round)) = self.results.pop() {
      self.out.store(self.out.load(Ordering::Relaxed).saturating_sub(1), Ordering::Relaxed);
      if round == self.round.load(Ordering::Relaxed) {
        return Some(result);
      }
    }
    None
  }

  /// The driver's side: the next job, if there is one now. It may be void.
  pub fn take(&self) -> Option<Job<J>> {
    self.jobs.pop().map(|(job, round)| Job { job, round })
  }

  /// The driver's side: waits for the next job.
  pub async fn next(&self) -> Job<J> {
    poll_fn(|context| {
      if let Some(job) = self.take() {
        return Poll::Ready(job);
      }
      self.driver.register(context.waker());
      self.take().map_or(Poll::Pending, Poll::Ready)
    })
    .await
  }

  /// The driver's side: whether a job is still wanted. What works in pieces asks before it touches memory for each.
  pub fn is_wanted<T>(&self, job: &Job<T>) -> bool {
    job.round == self.round.load(Ordering::Acquire)
  }

  /// The driver's side: what a job came to. Each job that was taken is finished once, void or not.
  pub fn finish<T>(&self, job: &Job<T>, result: R) {
    // As many places as jobs.
    self.results.push((result, job.round));
    self.element.wake();
  }

  /// The driver's side: a result without a job; false when there is no room.
  pub fn announce(&self, result: R) -> bool {
    let done = self.results.push((result, self.round.load(Ordering::Acquire)));
    self.element.wake();
    done
  }
}

/// A job as the driver has it.
#[derive(Clone, Copy)]
pub struct Job<J> {
  /// What is to be done.
  pub job: J,
  round: u32,
}

#[cfg(test)]
mod tests {
  use core::task::Waker;

  use super::*;

  #[test]
  fn void_jobs_come_to_nothing_but_keep_their_places_until_the_driver_is_done() {
    let exchange: Exchange<u8, u8, 2> = Exchange::new();
    let context = &mut Context::from_waker(Waker::noop());
    assert!(exchange.submit(1) && exchange.submit(2) && !exchange.submit(3));
    let first = exchange.take().unwrap();
    assert!(exchange.is_wanted(&first));
    exchange.void();
    assert!(!exchange.is_wanted(&first) && !exchange.submit(3));
    exchange.finish(&first, 10);
    assert_eq!(exchange.result(context), None);
    assert!(exchange.submit(3));
    let (second, third) = (exchange.take().unwrap(), exchange.take().unwrap());
    assert!(!exchange.is_wanted(&second) && exchange.is_wanted(&third));
    exchange.finish(&second, 20);
    exchange.finish(&third, 30);
    assert_eq!((exchange.result(context), exchange.result(context)), (Some(30), None));
  }
}
