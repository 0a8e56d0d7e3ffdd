//! A sound input that is a timer's interrupt: for boards and emulators without sound hardware. What it gives is the same in
//! every run.

use core::cell::RefCell;

use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use g2g_interface::HostError;

use crate::audio::{Capture, CaptureSide, SoundDevice};
use crate::caps::AudioFormat;

/// A timer with an interrupt.
pub trait Ticker {
  /// Has the interrupt come every so many ns.
  fn start(&mut self, period: u64);
  /// No interrupt comes when it returns.
  fn stop(&mut self);
}

/// What is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
  /// A sine at half of full scale, of so many periods a second.
  Sine(u32),
  /// Samples that count up by one, modulo 65536, so that each one that is lost can be seen.
  Counter,
}

struct State {
  side: CaptureSide,
  pattern: Pattern,
  format: Option<AudioFormat>,
  /// Samples that were due, lost ones included.
  count: u32,
  /// 2^32 to a period.
  phase: u32,
  running: bool,
}

/// The state that the timer's interrupt works on, in static memory.
pub struct Tone {
  state: Mutex<CriticalSectionRawMutex, RefCell<State>>,
}

impl Tone {
  /// A source that fills the blocks of `queue`.
  pub const fn new(queue: &'static Capture, pattern: Pattern) -> Self {
    let side = CaptureSide::new(queue);
    let state = State { side, pattern, format: None, count: 0, phase: 0, running: false };
    Tone { state: Mutex::new(RefCell::new(state)) }
  }

  fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
    self.state.lock(|state| f(&mut state.borrow_mut()))
  }

  /// The timer's interrupt: the time of a block has passed.
  /// @param now ns on the host's clock
  pub fn interrupt(&self, now: i64) {
    self.with(|state| {
      let (Some(format), Some(block), true) = (state.format, state.side.current(), state.running) else { return };
      let samples = block.length / format.frame();
      for i in 0..samples {
        let value = state.next(format.rate);
        for channel in 0..format.channels {
          // Inside the block, which is the device's until it is swapped.
          unsafe {
            block.at.add(((i * format.channels + channel) * 2) as usize).cast::<[u8; 2]>().write(value.to_le_bytes())
          };
        }
      }
      state.side.swap(samples, now);
    });
  }
}

impl State {
  fn next(&mut self, rate: u32) -> i16 {
    match self.pattern {
      Pattern::Counter => {
        self.count = self.count.wrapping_add(1);
        self.count as u16 as i16
      }
      Pattern::Sine(frequency) => {
        let value = sine(self.phase) / 2;
        self.phase = self.phase.wrapping_add(((frequency as u64) << 32).wrapping_div(rate.max(1) as u64) as u32);
        value as i16
      }
    }
  }
}

/// The first quarter of a sine, in 64 steps, 32767 at its top.
const QUARTER: [i16; 65] = [
  0, 804, 1608, 2410, 3212, 4011, 4808, 5602, 6393, 7179, 7962, 8739, 9512, 10278, 11039, 11793, 12539, 13279, 14010,
  14732, 15446, 16151, 16846, 17530, 18204, 18868, 19519, 20159, 20787, 21403, 22005, 22594, 23170, 23731, 24279,
  24811, 25329, 25832, 26319, 26790, 27245, 27683, 28105, 28510, 28898, 29268, 29621, 29956, 30273, 30571, 30852,
  31113, 31356, 31580, 31785, 31971, 32137, 32285, 32412, 32521, 32609, 32678, 32728, 32757, 32767,
];

/// A sine by its phase, of which 2^32 are a period: -32767 to 32767, straight lines between the values of the table.
fn sine(phase: u32) -> i32 {
  let quarter = phase >> 30;
  let within = phase & 0x3fff_ffff;
  let x = if quarter & 1 == 0 { within } else { 0x4000_0000 - within };
  let (i, fraction) = ((x >> 24) as usize, (x >> 8 & 0xffff) as i32);
  let (a, b) = (QUARTER[i.min(64)] as i32, QUARTER[(i + 1).min(64)] as i32);
  let value = a + (((b - a) * fraction) >> 16);
  if quarter < 2 { value } else { -value }
}

/// The device over a [`Tone`] and the timer whose interrupt calls it.
pub struct ToneDevice<T: Ticker> {
  tone: &'static Tone,
  ticker: T,
  period: u64,
}

impl<T: Ticker> ToneDevice<T> {
  /// A device that is not running.
  pub fn new(tone: &'static Tone, ticker: T) -> Self {
    ToneDevice { tone, ticker, period: 0 }
  }
}

impl<T: Ticker> SoundDevice for ToneDevice<T> {
  fn configure(&mut self, format: &AudioFormat, block: u32) -> Result<(), HostError> {
    if format.sample != 2 || format.big_endian || !format.signed {
      return Err(HostError::Unsupported);
    }
    self.period = format.time((block / format.frame()) as u64) as u64;
    self.tone.with(|state| state.format = Some(*format));
    Ok(())
  }

  fn start(&mut self) -> Result<(), HostError> {
    self.tone.with(|state| state.running = state.side.prime().is_some());
    self.ticker.start(self.period);
    Ok(())
  }

  fn stop(&mut self) {
    self.ticker.stop();
    self.tone.with(|state| {
      state.running = false;
      state.side.give_back();
    });
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn the_sine_is_one() {
    for i in 0..4096u32 {
      let expected = (i as f64 / 4096.0 * core::f64::consts::TAU).sin() * 32767.0;
      let got = sine(i << 20) as f64;
      assert!((got - expected).abs() < 4.0, "{i}: {got} {expected}");
    }
  }
}
