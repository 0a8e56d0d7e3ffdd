//! How a whole core comes to play.

use g2g_engine::{Export, Imports, Trap};
use g2g_interface::abi::{Query, State};
use g2g_interface::{HostError, Records, Ring};

use crate::fault::Fault;
use crate::machine::Machine;

/// Launches a line on a core that has done nothing yet.
/// @param ceiling bytes of memory that it may take
/// @param descriptors of the host elements
/// @returns its completion ring
pub(crate) fn launch(
  machine: &mut impl Machine,
  imports: &mut dyn Imports,
  ceiling: u32,
  descriptors: &[&[u8]],
  line: &str,
) -> Result<Ring, Fault> {
  let mut n = 0;
  let mut check = |result: Result<i32, Trap>| {
    n += 1;
    match result {
      Ok(0) => Ok(()),
      Ok(answer) => Err(Fault::Launch { call: n, answer }),
      Err(trap) => Err(Fault::Trap(trap)),
    }
  };
  check(machine.call(imports, Export::Init, &[ceiling as i32, 0]))?;
  for descriptor in descriptors {
    check(with(machine, imports, Export::Describe, descriptor))?;
  }
  check(with(machine, imports, Export::Launch, line.as_bytes()))?;
  check(machine.call(imports, Export::SetState, &[State::Playing as i32]))?;
  let at = machine.call(imports, Export::Query, &[Query::Ring as i32, 0, 0]).map_err(Fault::Trap)?;
  ring(machine, at as u32).ok_or(Fault::Launch { call: n + 1, answer: at })
}

/// Calls an export with bytes.
fn with(machine: &mut impl Machine, imports: &mut dyn Imports, export: Export, bytes: &[u8]) -> Result<i32, Trap> {
  let length = bytes.len() as i32;
  let at = machine.call(imports, Export::Alloc, &[length])?;
  if at == 0 || !machine.memory().write(at as u32, bytes) {
    return Ok(HostError::NoMemory as i32);
  }
  let result = machine.call(imports, export, &[at, length])?;
  machine.call(imports, Export::Free, &[at])?;
  Ok(result)
}

/// The ring that the answer to a query names: its length, then a record.
fn ring(machine: &impl Machine, answer: u32) -> Option<Ring> {
  let memory = machine.memory();
  let bytes = memory.bytes(answer.checked_add(4)?, memory.u32(answer)?)?;
  Ring::new(memory, u32::try_from(Records::new(bytes).int()?).ok()?)
}
