//! Checks the types of one function's operations, with a stack of values and a stack of blocks.

use super::reader::Reader;
use super::{DAMAGED, F32, F64, FOREIGN, I32, I64, Limits, Refusal, TOO_LARGE, Tables, Value, value_type};

/// Values that stand on the stack at once, and locals of a function; the interpreter takes no more than 500 together.
const VALUES: usize = 500;
const LOCALS: usize = 500;

/// Blocks that may be nested at most, whatever stack there is.
pub(super) const BLOCKS: usize = 200;

/// A value behind a place that is never come to may be of any type.
const ANY: Value = 0;

#[derive(Clone, Copy)]
struct Block {
  /// 0x02 block, 0x03 loop, 0x04 if, 0x05 else.
  kind: u8,
  /// The type of its result, 0: none.
  result: Value,
  /// Values that stood on the stack before it.
  height: u16,
  /// What follows is never come to.
  dead: bool,
}

pub(super) struct Stacks {
  values: [Value; VALUES],
  count: usize,
  blocks: [Block; BLOCKS],
  depth: usize,
  locals: [Value; LOCALS],
  local_count: usize,
}

impl Stacks {
  fn push(&mut self, t: Value) -> Result<(), Refusal> {
    *self.values.get_mut(self.count).ok_or(TOO_LARGE)? = t;
    self.count += 1;
    Ok(())
  }

  fn top(&mut self) -> &mut Block {
    &mut self.blocks[self.depth - 1]
  }

  fn pop_any(&mut self) -> Result<Value, Refusal> {
    let Block { height, dead, .. } = *self.top();
    if self.count == height as usize {
      return if dead { Ok(ANY) } else { Err(DAMAGED) };
    }
    self.count -= 1;
    Ok(self.values[self.count])
  }

  fn pop(&mut self, wanted: Value) -> Result<Value, Refusal> {
    let t = self.pop_any()?;
    if t == wanted || t == ANY || wanted == ANY { Ok(t) } else { Err(DAMAGED) }
  }

  /// Pops nothing for type 0.
  fn pop_result(&mut self, t: Value) -> Result<(), Refusal> {
    if t != 0 { self.pop(t).map(|_| ()) } else { Ok(()) }
  }

  fn push_result(&mut self, t: Value) -> Result<(), Refusal> {
    if t != 0 { self.push(t) } else { Ok(()) }
  }

  fn enter(&mut self, kind: u8, result: Value, limits: &Limits) -> Result<(), Refusal> {
    if self.depth >= limits.nesting.min(BLOCKS) {
      return Err("the module's blocks are nested deeper than the stack allows");
    }
    self.blocks[self.depth] = Block { kind, result, height: self.count as u16, dead: false };
    self.depth += 1;
    Ok(())
  }

  fn leave(&mut self) -> Result<Block, Refusal> {
    let block = *self.top();
    self.pop_result(block.result)?;
    if self.count != block.height as usize {
      return Err(DAMAGED);
    }
    self.depth -= 1;
    Ok(block)
  }

  fn die(&mut self) {
    self.count = self.top().height as usize;
    self.top().dead = true;
  }

  /// What a branch to the block `i` outwards takes with it.
  fn label(&self, i: u32) -> Result<Value, Refusal> {
    let at = self.depth.checked_sub(1).and_then(|d| d.checked_sub(i as usize)).ok_or(DAMAGED)?;
    let block = &self.blocks[at];
    Ok(if block.kind == 0x03 { 0 } else { block.result })
  }

  fn local(&self, i: u32) -> Result<Value, Refusal> {
    self.locals[..self.local_count].get(i as usize).copied().ok_or(DAMAGED)
  }

  fn add_local(&mut self, t: Value) -> Result<(), Refusal> {
    *self.locals.get_mut(self.local_count).ok_or(TOO_LARGE)? = t;
    self.local_count += 1;
    Ok(())
  }
}

/// Checks the body of a function.
pub(super) fn check(bytes: &[u8], tables: &mut Tables, function: u32, limits: &Limits) -> Result<(), Refusal> {
  let r = &mut Reader::new(bytes);
  let signature = *tables.function(function)?;
  let s = &mut tables.body;
  (s.count, s.depth, s.local_count) = (0, 0, 0);
  for t in signature.params() {
    s.add_local(*t)?;
  }
  for _ in 0..r.count()? {
    let n = r.u32()?;
    let t = value_type(r.u8()?)?;
    if n as usize > LOCALS {
      return Err(TOO_LARGE);
    }
    for _ in 0..n {
      s.add_local(t)?;
    }
  }
  s.enter(0x02, signature.result, limits)?;
  while tables.body.depth > 0 {
    let op = r.u8()?;
    match op {
      0x10 => call(r, tables)?,
      0x11 => call_indirect(r, tables)?,
      0x0f => {
        tables.body.pop_result(signature.result)?;
        tables.body.die();
      }
      0x23 | 0x24 => global(op, r, tables)?,
      0x28..=0x40 => memory(op, r, tables)?,
      0xfc => more(r, tables)?,
      _ => simple(op, r, &mut tables.body, limits)?,
    }
  }
  if r.done() { Ok(()) } else { Err(DAMAGED) }
}

fn call(r: &mut Reader, tables: &mut Tables) -> Result<(), Refusal> {
  let f = *tables.function(r.u32()?)?;
  for t in f.params().iter().rev() {
    tables.body.pop(*t)?;
  }
  tables.body.push_result(f.result)
}

fn call_indirect(r: &mut Reader, tables: &mut Tables) -> Result<(), Refusal> {
  let f = *tables.type_at(r.u32()?)?;
  if r.u8()? != 0 || !tables.has_table {
    return Err(DAMAGED);
  }
  tables.body.pop(I32)?;
  for t in f.params().iter().rev() {
    tables.body.pop(*t)?;
  }
  tables.body.push_result(f.result)
}

fn global(op: u8, r: &mut Reader, tables: &mut Tables) -> Result<(), Refusal> {
  let i = r.u32()? as usize;
  let t = *tables.globals[..tables.global_count].get(i).ok_or(DAMAGED)?;
  if op == 0x23 {
    return tables.body.push(t);
  }
  if !tables.changeable[i] {
    return Err(DAMAGED);
  }
  tables.body.pop(t).map(|_| ())
}

/// Loads and stores from 0x28 on: the type of the value, and the logarithm of the bytes.
const ACCESSES: [(Value, u32); 23] = [
  (I32, 2),
  (I64, 3),
  (F32, 2),
  (F64, 3),
  (I32, 0),
  (I32, 0),
  (I32, 1),
  (I32, 1),
  (I64, 0),
  (I64, 0),
  (I64, 1),
  (I64, 1),
  (I64, 2),
  (I64, 2),
  (I32, 2),
  (I64, 3),
  (F32, 2),
  (F64, 3),
  (I32, 0),
  (I32, 1),
  (I64, 0),
  (I64, 1),
  (I64, 2),
];

fn memory(op: u8, r: &mut Reader, tables: &mut Tables) -> Result<(), Refusal> {
  if !tables.memory {
    return Err(DAMAGED);
  }
  let s = &mut tables.body;
  if op >= 0x3f {
    if r.u8()? != 0 {
      return Err(FOREIGN);
    }
    if op == 0x40 {
      s.pop(I32)?;
    }
    return s.push(I32);
  }
  let (t, width) = ACCESSES[(op - 0x28) as usize];
  let align = r.u32()?;
  r.u32()?;
  if align > width {
    return Err(DAMAGED);
  }
  if op >= 0x36 {
    s.pop(t)?;
    s.pop(I32)?;
    return Ok(());
  }
  s.pop(I32)?;
  s.push(t)
}

/// Operations of two bytes.
fn more(r: &mut Reader, tables: &mut Tables) -> Result<(), Refusal> {
  let op = r.u32()?;
  let s = &mut tables.body;
  match op {
    0..=7 => {
      s.pop(if op & 2 == 0 { F32 } else { F64 })?;
      s.push(if op < 4 { I32 } else { I64 })
    }
    10 | 11 if tables.memory => {
      // One memory is copied in, or filled; 0 for each.
      for _ in 0..12 - op {
        if r.u8()? != 0 {
          return Err(FOREIGN);
        }
      }
      for _ in 0..3 {
        s.pop(I32)?;
      }
      Ok(())
    }
    _ => Err(FOREIGN),
  }
}

fn block_type(r: &mut Reader) -> Result<Value, Refusal> {
  match r.u8()? {
    0x40 => Ok(0),
    t => value_type(t),
  }
}

fn simple(op: u8, r: &mut Reader, s: &mut Stacks, limits: &Limits) -> Result<(), Refusal> {
  match op {
    0x00 => s.die(),
    0x01 => {}
    0x02 | 0x03 => s.enter(op, block_type(r)?, limits)?,
    0x04 => {
      let t = block_type(r)?;
      s.pop(I32)?;
      s.enter(op, t, limits)?;
    }
    0x05 => {
      let block = s.leave()?;
      if block.kind != 0x04 {
        return Err(DAMAGED);
      }
      s.enter(op, block.result, limits)?;
    }
    0x0b => {
      let block = s.leave()?;
      // Without else nothing comes out.
      if block.kind == 0x04 && block.result != 0 {
        return Err(DAMAGED);
      }
      if s.depth > 0 {
        s.push_result(block.result)?;
      }
    }
    0x0c => {
      let t = s.label(r.u32()?)?;
      s.pop_result(t)?;
      s.die();
    }
    0x0d => {
      let t = s.label(r.u32()?)?;
      s.pop(I32)?;
      s.pop_result(t)?;
      s.push_result(t)?;
    }
    0x0e => {
      s.pop(I32)?;
      let count = r.count()?;
      let first = s.label(r.u32()?)?;
      for _ in 0..count {
        if s.label(r.u32()?)? != first {
          return Err(DAMAGED);
        }
      }
      s.pop_result(first)?;
      s.die();
    }
    0x1a => {
      s.pop_any()?;
    }
    0x1b => {
      s.pop(I32)?;
      let a = s.pop_any()?;
      let b = s.pop(a)?;
      s.push(if a == ANY { b } else { a })?;
    }
    0x20 => {
      let t = s.local(r.u32()?)?;
      s.push(t)?;
    }
    0x21 => {
      let t = s.local(r.u32()?)?;
      s.pop(t)?;
    }
    0x22 => {
      let t = s.local(r.u32()?)?;
      s.pop(t)?;
      s.push(t)?;
    }
    0x41 => {
      r.signed(32)?;
      s.push(I32)?;
    }
    0x42 => {
      r.signed(64)?;
      s.push(I64)?;
    }
    0x43 => {
      r.take(4)?;
      s.push(F32)?;
    }
    0x44 => {
      r.take(8)?;
      s.push(F64)?;
    }
    _ => {
      let (operand, operands, result) = number(op)?;
      for _ in 0..operands {
        s.pop(operand)?;
      }
      s.push(result)?;
    }
  }
  Ok(())
}

/// An operation on numbers: the type of its operands, how many, and its result's.
fn number(op: u8) -> Result<(Value, u8, Value), Refusal> {
  Ok(match op {
    0x45 => (I32, 1, I32),
    0x46..=0x4f => (I32, 2, I32),
    0x50 => (I64, 1, I32),
    0x51..=0x5a => (I64, 2, I32),
    0x5b..=0x60 => (F32, 2, I32),
    0x61..=0x66 => (F64, 2, I32),
    0x67..=0x69 | 0xc0 | 0xc1 => (I32, 1, I32),
    0x6a..=0x78 => (I32, 2, I32),
    0x79..=0x7b | 0xc2..=0xc4 => (I64, 1, I64),
    0x7c..=0x8a => (I64, 2, I64),
    0x8b..=0x91 => (F32, 1, F32),
    0x92..=0x98 => (F32, 2, F32),
    0x99..=0x9f => (F64, 1, F64),
    0xa0..=0xa6 => (F64, 2, F64),
    0xa7 => (I64, 1, I32),
    0xa8 | 0xa9 | 0xbc => (F32, 1, I32),
    0xaa | 0xab => (F64, 1, I32),
    0xac | 0xad => (I32, 1, I64),
    0xae | 0xaf => (F32, 1, I64),
    0xb0 | 0xb1 | 0xbd => (F64, 1, I64),
    0xb2 | 0xb3 | 0xbe => (I32, 1, F32),
    0xb4 | 0xb5 => (I64, 1, F32),
    0xb6 => (F64, 1, F32),
    0xb7 | 0xb8 => (I32, 1, F64),
    0xb9 | 0xba | 0xbf => (I64, 1, F64),
    0xbb => (F32, 1, F64),
    _ => return Err(FOREIGN),
  })
}
