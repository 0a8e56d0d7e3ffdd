//! A sound input that is a timer, on boards without one: a sine of 440 Hz, the same in every run.

use embassy_time::Instant;
use g2g_chips::pace::Pace;
use g2g_elements::audio::Capture;
use g2g_elements::boardaudiosrc::BoardAudioSrc;
use g2g_elements::cache::NoCache;
use g2g_elements::tone::{Pattern, Ticker, Tone, ToneDevice};

/// Periods a second of the sine.
const FREQUENCY: u32 = 440;

static CAPTURE: Capture = Capture::new();
static TONE: Tone = Tone::new(&CAPTURE, Pattern::Sine(FREQUENCY));

/// A timer and its clock in Hz.
pub struct Paced<P: 'static> {
  timer: &'static P,
  clock: u32,
}

impl<P: Pace> Ticker for Paced<P> {
  fn start(&mut self, period: u64) {
    self.timer.repeat(ticks(period, self.clock));
  }

  fn stop(&mut self) {
    self.timer.stop();
  }
}

/// The element. The processor fills its blocks, so that no cache stands between.
pub type Source<P> = BoardAudioSrc<'static, ToneDevice<Paced<P>>>;

/// The element over a board's timer; there is one.
/// @param clock of the timer, Hz
pub fn source<P: Pace>(timer: &'static P, clock: u32) -> Source<P> {
  BoardAudioSrc::new(ToneDevice::new(&TONE, Paced { timer, clock }), &CAPTURE, &NoCache)
}

/// The timer's interrupt: the time of a block has passed.
pub fn interrupt(timer: &impl Pace) {
  timer.clear();
  TONE.interrupt(Instant::now().as_micros() as i64 * 1000);
}

/// As many as the timer can count at most.
fn ticks(period: u64, clock: u32) -> u32 {
  let (seconds, rest) = (period / 1_000_000_000, period % 1_000_000_000);
  let ticks = seconds.saturating_mul(clock.into()).saturating_add(rest * u64::from(clock) / 1_000_000_000);
  u32::try_from(ticks).unwrap_or(u32::MAX)
}

/// Adds `boardaudiosrc` over a timer.
/// @param elements the board's, @param timer a static, @param kind its type, @param clock Hz
#[macro_export]
macro_rules! sound_element {
  ($elements:expr, $timer:expr, $kind:ty, $clock:expr) => {{
    static ELEMENT: $crate::StaticCell<$crate::sound::Source<$kind>> = $crate::StaticCell::new();
    $elements.add("boardaudiosrc", ELEMENT.init($crate::sound::source(&$timer, $clock)));
  }};
}
