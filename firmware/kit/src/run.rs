//! How a run begins and ends.

use core::marker::PhantomData;
use core::task::Waker;

use embassy_time::Timer;
use g2g_chips::Terminal;
use g2g_runtime::emergency::{self, Emergency};
use g2g_runtime::engine::Engine;
use g2g_runtime::{Board, Cause, Elements, Image, Outcome, stack};

/// How long the host may go without moving anything, in seconds.
pub const WATCHDOG: u32 = 4;

/// What imports, interrupts and functions that do not call themselves need of the stack, bytes.
const STACK_RESERVE: usize = 2048;

/// The devices that every board has. They lie in statics, since last words must reach them from anywhere, so that no
/// function here has a receiver.
pub trait Devices: 'static {
  /// The console.
  fn console() -> &'static impl Terminal;

  /// Feeds the watchdog, which resets the processor when it was not fed for [`WATCHDOG`].
  fn feed();

  /// Stops the watchdog; false where it cannot be.
  fn stop_watchdog() -> bool {
    false
  }

  /// Fills bytes with random numbers; false where the board has no source of them.
  fn random(to: &mut [u8]) -> bool {
    let _ = to;
    false
  }

  /// Resets the processor.
  fn reset() -> ! {
    cortex_m::peripheral::SCB::sys_reset()
  }
}

/// The host's board over its devices.
pub struct Program<D> {
  cause: Cause,
  devices: PhantomData<D>,
}

impl<D: Devices> Program<D> {
  /// A board whose devices were started; from here on, faults have last words.
  /// @param cause why the processor started
  pub fn new(cause: Cause) -> Self {
    emergency::set(const { &Emergency { write: |text| D::console().flush(text), halt: halt::<D> } });
    Program { cause, devices: PhantomData }
  }

  /// Runs the pipeline of an image, and does what follows from its end.
  pub async fn run(mut self, elements: impl Elements, image: &'static Image) -> ! {
    let outcome = match start(&mut self, image) {
      Some(engine) => g2g_runtime::run(self, elements, engine, image).await,
      None => Outcome::Halted,
    };
    Self::end(outcome).await
  }

  /// What follows from how the run ended: a reset, or the end of the emulator. On a board, the watchdog is fed when the run is
  /// over for good.
  pub async fn end(outcome: Outcome) -> ! {
    D::console().flush(b"");
    match outcome {
      Outcome::Reset => D::reset(),
      Outcome::Halted => leave(false),
      Outcome::Eos => leave(true),
    }
    loop {
      D::feed();
      Timer::after_secs(u64::from(WATCHDOG) / 2).await;
    }
  }
}

impl<D: Devices> Board for Program<D> {
  fn print(&mut self, text: &[u8]) {
    D::console().print(text);
  }

  fn typed(&mut self, waker: &Waker) -> Option<u8> {
    D::console().typed(waker)
  }

  fn watchdog(&self) -> Option<i64> {
    Some(i64::from(WATCHDOG) * 1_000_000_000)
  }

  fn feed(&mut self) {
    D::feed();
  }

  fn cause(&self) -> Cause {
    self.cause
  }

  fn random(&mut self, to: &mut [u8]) -> bool {
    D::random(to)
  }

  fn stack(&self) -> Option<(u32, u32)> {
    Some(stack::used())
  }
}

/// Starts the engine of an image; says why when it cannot be.
pub fn start(board: &mut impl Board, image: &'static Image) -> Option<Engine> {
  Engine::limit_stack(stack::lowest(), STACK_RESERVE);
  match Engine::start(image.module) {
    Ok(engine) => Some(engine),
    Err(trap) => {
      board.print(b"the module cannot be started: ");
      board.print(trap.name().as_bytes());
      board.print(b"\r\n");
      None
    }
  }
}

/// The end after a fault that resets did not help against.
fn halt<D: Devices>() -> ! {
  leave(false);
  if D::stop_watchdog() {
    loop {
      cortex_m::asm::wfi();
    }
  }
  loop {
    D::feed();
  }
}

/// Ends the emulator that the image was made for, if it was.
fn leave(success: bool) {
  #[cfg(feature = "emulator")]
  {
    use cortex_m_semihosting::debug;
    debug::exit(if success { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
  }
  let _ = success;
}
