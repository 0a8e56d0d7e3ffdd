//! What ends an instance.

/// Why an instance ended. Nothing but a restart may follow. The numbers stand in c/trap.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trap {
  /// An address outside the memory.
  Memory,
  /// The core came to a place that it says it never comes to; also a function that was cut out of a frozen image.
  Unreachable,
  /// A division by zero.
  DivideByZero,
  /// A result that no number of its type is.
  Overflow,
  /// A float that is no number was made an integer.
  Conversion,
  /// An indirect call of no function, or of one with another signature.
  Indirect,
  /// Calls are nested too deep.
  Stack,
  /// The module cannot be run, and why.
  Module(&'static str),
  /// There is no such export.
  Missing,
}

impl Trap {
  /// The trap of a number that C gave; `Ok` for 0.
  #[cfg(any(feature = "aot", feature = "wasm3"))]
  pub(crate) fn check(code: u32) -> Result<(), Trap> {
    Err(match code {
      0 => return Ok(()),
      1 => Trap::Memory,
      2 => Trap::Unreachable,
      3 => Trap::DivideByZero,
      4 => Trap::Overflow,
      5 => Trap::Conversion,
      6 => Trap::Indirect,
      7 => Trap::Stack,
      8 => Trap::Missing,
      9 => Trap::Module("the module cannot be run"),
      10 => Trap::Module("the arena is too small for the module"),
      _ => Trap::Module("an unknown trap"),
    })
  }

  /// A short name, for the console.
  pub const fn name(self) -> &'static str {
    match self {
      Trap::Memory => "memory",
      Trap::Unreachable => "unreachable",
      Trap::DivideByZero => "divide",
      Trap::Overflow => "overflow",
      Trap::Conversion => "conversion",
      Trap::Indirect => "indirect",
      Trap::Stack => "stack",
      Trap::Module(why) => why,
      Trap::Missing => "missing",
    }
  }
}
