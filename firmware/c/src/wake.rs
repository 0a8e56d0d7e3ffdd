//! What wakes the task of the pipeline.

use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use core::task::{RawWaker, RawWakerVTable, Waker};

use crate::types::CPlatform;

/// The platform of the pipeline that runs, or ran last.
static PLATFORM: AtomicPtr<CPlatform> = AtomicPtr::new(null_mut());

/// Somebody has called `g2g_wake` since the last step began.
static WOKEN: AtomicBool = AtomicBool::new(false);

/// Notes the platform.
pub fn set_platform(platform: *const CPlatform) {
  PLATFORM.store(platform.cast_mut(), Ordering::Release);
}

/// The platform, or NULL before the first start.
pub fn platform() -> *const CPlatform {
  PLATFORM.load(Ordering::Acquire)
}

/// Forgets who has called until now: what they have done is seen by the step that follows.
pub fn clear() {
  WOKEN.store(false, Ordering::SeqCst);
}

/// Whether somebody has called since [`clear`].
pub fn woken() -> bool {
  WOKEN.load(Ordering::SeqCst)
}

/// Has all drivers polled soon.
#[unsafe(no_mangle)]
pub extern "C" fn g2g_wake() {
  WOKEN.store(true, Ordering::SeqCst);
  // The platform outlives the pipeline by the contract of g2g_start.
  if let Some(p) = unsafe { platform().as_ref() }
    && let Some(wake) = p.wake
  {
    unsafe { wake(p.this) };
  }
}

const VTABLE: RawWakerVTable = RawWakerVTable::new(|_| RAW, |_| g2g_wake(), |_| g2g_wake(), |_| {});
const RAW: RawWaker = RawWaker::new(core::ptr::null(), &VTABLE);

/// Wakes the task; there is one.
pub const fn waker() -> Waker {
  // The functions look at no data.
  unsafe { Waker::from_raw(RAW) }
}
