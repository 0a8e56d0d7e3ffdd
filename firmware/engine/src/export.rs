//! Exports that take and give numbers of 32 bits.

/// An export of the core besides `step`. A frozen image has none of these. See DESIGN.md, "Exports".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Export {
  /// `init(ceiling, options) -> i32`
  Init = 0,
  /// `alloc(length) -> ptr`
  Alloc = 1,
  /// `free(ptr)`
  Free = 2,
  /// `describe(ptr, length) -> i32`
  Describe = 3,
  /// `launch(ptr, length) -> i32`
  Launch = 4,
  /// `set_state(state) -> i32`
  SetState = 5,
  /// `query(kind, ptr, length) -> ptr`
  Query = 6,
  /// `event(kind, ptr, length) -> i32`
  Event = 7,
  /// `dispose() -> i32`
  Dispose = 8,
}

impl Export {
  /// How many arguments it takes.
  pub const fn arity(self) -> usize {
    match self {
      Export::Dispose => 0,
      Export::Alloc | Export::Free | Export::SetState => 1,
      Export::Init | Export::Describe | Export::Launch => 2,
      Export::Query | Export::Event => 3,
    }
  }
}
