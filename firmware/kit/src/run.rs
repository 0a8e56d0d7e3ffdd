//! How a run begins and ends.

use g2g_runtime::engine::{Engine, Trap};
use g2g_runtime::{Board, Elements, Image, Outcome, stack};

/// What imports, interrupts and functions that do not call themselves need of the stack, bytes.
const STACK_RESERVE: usize = 2048;

/// Runs the pipeline of an image until it ends.
pub async fn run(mut board: impl Board, elements: impl Elements, image: &'static Image) -> Outcome {
  Engine::limit_stack(stack::lowest(), STACK_RESERVE);
  match Engine::start(image.module) {
    Ok(engine) => g2g_runtime::run(board, elements, engine, image).await,
    Err(trap) => {
      let why = if let Trap::Module(why) = trap { why } else { trap.name() };
      board.print(b"the module cannot be started: ");
      board.print(why.as_bytes());
      board.print(b"\r\n");
      Outcome::Halted
    }
  }
}

/// What follows from how the run ended: a reset, or the end of the emulator. On a board it returns when the run is over for
/// good, and the board keeps its watchdog fed.
pub fn end(outcome: Outcome) {
  match outcome {
    Outcome::Reset => cortex_m::peripheral::SCB::sys_reset(),
    Outcome::Halted => leave(false),
    Outcome::Eos => leave(true),
  }
}

/// Ends the emulator that the image was made for, if it was.
pub fn leave(success: bool) {
  #[cfg(feature = "emulator")]
  {
    use cortex_m_semihosting::debug;
    debug::exit(if success { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
  }
  let _ = success;
}
