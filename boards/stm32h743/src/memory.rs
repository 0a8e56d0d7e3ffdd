//! Caches, and the memory that they leave alone.

use cortex_m::Peripherals;

/// Where the Ethernet controller reads and writes by itself (see sections.x): SRAM 3, 32 KB.
const ETHERNET: u32 = 0x3004_0000;

/// Attributes and size of a region (ARM DDI 0403, B3.5.9): nothing is run from it, all may read and write it, it is memory
/// that is shared and not cached, 2^15 bytes.
const UNCACHED: u32 = 1 << 28 | 3 << 24 | 1 << 19 | 1 << 18 | 14 << 1 | 1;

/// What no region says is as it is without this unit.
const ENABLE_WITH_DEFAULT: u32 = 4 | 1;

/// Turns the caches on.
pub fn start() {
  // Taken once, before anything else runs; other owners of parts of it are not disturbed.
  let mut processor = unsafe { Peripherals::steal() };
  embassy_stm32::pac::RCC.ahb2enr().modify(|w| w.set_sram3en(true));
  // The region lies where nothing is in use yet.
  unsafe {
    processor.MPU.rnr.write(0);
    processor.MPU.rbar.write(ETHERNET);
    processor.MPU.rasr.write(UNCACHED);
    processor.MPU.ctrl.write(ENABLE_WITH_DEFAULT);
  }
  cortex_m::asm::dsb();
  cortex_m::asm::isb();
  processor.SCB.enable_icache();
  processor.SCB.enable_dcache(&mut processor.CPUID);
}
