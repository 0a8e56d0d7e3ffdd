//! What happens when the library finds itself defect.

use core::panic::PanicInfo;

use crate::wake;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
  let (file, line) = info.location().map_or(("", 0), |l| (l.file(), l.line()));
  // By the contract of g2g_start it is still there.
  if let Some(p) = unsafe { wake::platform().as_ref() }
    && let Some(panic) = p.panic
  {
    unsafe { panic(p.this, file.as_ptr(), file.len() as u32, line) };
  }
  loop {
    core::hint::spin_loop();
  }
}
