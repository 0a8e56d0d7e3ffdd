//! Looks at a module before the interpreter gets it: what passes is valid WebAssembly, as far as firmware knows it, and within
//! limits. wasm3 itself believes much of what a module says.
//!
//! The algorithm is that of the specification's appendix "Validation Algorithm". What is written down on the way lies in
//! tables of fixed size, which borrow memory that the interpreter has not taken yet.

mod body;
mod reader;

use reader::Reader;

/// Why a module is refused.
pub(crate) type Refusal = &'static str;

const DAMAGED: Refusal = "the module is damaged";
const TOO_LARGE: Refusal = "the module is larger than firmware takes";
const FOREIGN: Refusal = "the module has what firmware does not know";

const TYPES: usize = 128;
const FUNCTIONS: usize = 2048;
const GLOBALS: usize = 128;
const TABLE: u32 = 4096;

/// Types of values as a module has them; none of them is 0.
type Value = u8;
const I32: Value = 0x7f;
const I64: Value = 0x7e;
const F32: Value = 0x7d;
const F64: Value = 0x7c;

const PARAMS: usize = 16;

#[derive(Clone, Copy)]
struct Signature {
  params: [Value; PARAMS],
  count: u8,
  /// 0: none.
  result: Value,
}

impl Signature {
  fn params(&self) -> &[Value] {
    &self.params[..self.count as usize]
  }
}

/// What is known of a module. All bytes 0 are an empty one, so nothing here has a value that 0 is not.
pub(crate) struct Tables {
  types: [Signature; TYPES],
  type_count: usize,
  /// The type of each function, the imports first.
  functions: [u16; FUNCTIONS],
  function_count: usize,
  imports: usize,
  globals: [Value; GLOBALS],
  changeable: [bool; GLOBALS],
  global_count: usize,
  has_table: bool,
  /// Places of the table.
  table: u32,
  memory: bool,
  body: body::Stacks,
}

impl Tables {
  fn type_at(&self, i: u32) -> Result<&Signature, Refusal> {
    self.types[..self.type_count].get(i as usize).ok_or(DAMAGED)
  }

  fn function(&self, i: u32) -> Result<&Signature, Refusal> {
    let t = self.functions[..self.function_count].get(i as usize).ok_or(DAMAGED)?;
    self.type_at(*t as u32)
  }

  fn add_function(&mut self, t: u32) -> Result<(), Refusal> {
    self.type_at(t)?;
    *self.functions.get_mut(self.function_count).ok_or(TOO_LARGE)? = t as u16;
    self.function_count += 1;
    Ok(())
  }
}

/// Limits that an image sets.
pub(crate) struct Limits {
  /// Bytes of linear memory.
  pub memory: u32,
  /// How deep blocks may be nested: the interpreter nests as deep on the stack when it compiles them.
  pub nesting: usize,
}

fn value_type(t: u8) -> Result<Value, Refusal> {
  if (F64..=I32).contains(&t) { Ok(t) } else { Err(FOREIGN) }
}

/// Checks a module; `tables` are empty.
pub(crate) fn check(module: &[u8], tables: &mut Tables, limits: &Limits) -> Result<(), Refusal> {
  let mut r = Reader::new(module);
  if r.take(8)? != b"\0asm\x01\0\0\0" {
    return Err(DAMAGED);
  }
  let mut last = 0;
  let mut bodies = false;
  while !r.done() {
    let id = r.u8()?;
    let length = r.u32()?;
    let mut s = Reader::new(r.take(length)?);
    if id == 0 {
      // Names would be kept in RAM.
      if s.name()? == b"name" {
        return Err("the module has a section of names, which is to be cut off");
      }
      continue;
    }
    // The count of data segments, which only passive ones need, stands in front of the code.
    let order = if id == 12 { 19 } else { id as u32 * 2 };
    if order <= last {
      return Err(DAMAGED);
    }
    last = order;
    match id {
      1 => types(&mut s, tables)?,
      2 => imports(&mut s, tables)?,
      3 => functions(&mut s, tables)?,
      4 => table(&mut s, tables)?,
      5 => memory(&mut s, tables, limits)?,
      6 => globals(&mut s, tables)?,
      7 => exports(&mut s, tables)?,
      8 => {
        let f = tables.function(s.u32()?)?;
        if f.count != 0 || f.result != 0 {
          return Err(DAMAGED);
        }
      }
      9 => elements(&mut s, tables)?,
      10 => {
        code(&mut s, tables, limits)?;
        bodies = true;
      }
      11 => data(&mut s, tables, limits)?,
      12 => {
        s.u32()?;
      }
      _ => return Err(FOREIGN),
    }
    if !s.done() {
      return Err(DAMAGED);
    }
  }
  if bodies || tables.function_count == tables.imports { Ok(()) } else { Err(DAMAGED) }
}

fn types(s: &mut Reader, tables: &mut Tables) -> Result<(), Refusal> {
  for _ in 0..s.count()? {
    if s.u8()? != 0x60 {
      return Err(FOREIGN);
    }
    let mut t = Signature { params: [0; PARAMS], count: 0, result: 0 };
    for i in 0..s.count()? {
      *t.params.get_mut(i as usize).ok_or(TOO_LARGE)? = value_type(s.u8()?)?;
      t.count += 1;
    }
    match s.count()? {
      0 => {}
      1 => t.result = value_type(s.u8()?)?,
      _ => return Err(FOREIGN),
    }
    *tables.types.get_mut(tables.type_count).ok_or(TOO_LARGE)? = t;
    tables.type_count += 1;
  }
  Ok(())
}

const SERVED: [&[u8]; 9] =
  [b"open", b"submit", b"cancel", b"close", b"retain", b"release", b"post", b"random", b"tick"];

fn imports(s: &mut Reader, tables: &mut Tables) -> Result<(), Refusal> {
  for _ in 0..s.count()? {
    let from = s.name()?;
    let name = s.name()?;
    if from != b"g2g" || !SERVED.contains(&name) || s.u8()? != 0 {
      return Err("the module imports what is not served");
    }
    tables.add_function(s.u32()?)?;
    tables.imports += 1;
  }
  Ok(())
}

fn functions(s: &mut Reader, tables: &mut Tables) -> Result<(), Refusal> {
  for _ in 0..s.count()? {
    tables.add_function(s.u32()?)?;
  }
  Ok(())
}

/// The least and the most that a table or memory may be.
fn bounds(s: &mut Reader) -> Result<(u32, Option<u32>), Refusal> {
  match s.u8()? {
    0 => Ok((s.u32()?, None)),
    1 => {
      let least = s.u32()?;
      let most = s.u32()?;
      if most < least { Err(DAMAGED) } else { Ok((least, Some(most))) }
    }
    _ => Err(FOREIGN),
  }
}

fn table(s: &mut Reader, tables: &mut Tables) -> Result<(), Refusal> {
  match s.count()? {
    0 => return Ok(()),
    1 => {}
    _ => return Err(FOREIGN),
  }
  if s.u8()? != 0x70 {
    return Err(FOREIGN);
  }
  let (size, _) = bounds(s)?;
  if size > TABLE {
    return Err(TOO_LARGE);
  }
  tables.has_table = true;
  tables.table = size;
  Ok(())
}

fn memory(s: &mut Reader, tables: &mut Tables, limits: &Limits) -> Result<(), Refusal> {
  match s.count()? {
    0 => return Ok(()),
    1 => {}
    _ => return Err(FOREIGN),
  }
  let (pages, most) = bounds(s)?;
  // What a module may use of its last page is a matter of the image.
  if pages as u64 * 65536 >= limits.memory as u64 + 65536 || most.is_some_and(|m| m > 65536) {
    return Err("the module wants more memory than the image has");
  }
  tables.memory = true;
  Ok(())
}

fn globals(s: &mut Reader, tables: &mut Tables) -> Result<(), Refusal> {
  for _ in 0..s.count()? {
    let i = tables.global_count;
    let t = value_type(s.u8()?)?;
    let changeable = s.u8()?;
    if changeable > 1 {
      return Err(DAMAGED);
    }
    s.constant(t)?;
    *tables.globals.get_mut(i).ok_or(TOO_LARGE)? = t;
    tables.changeable[i] = changeable == 1;
    tables.global_count += 1;
  }
  Ok(())
}

fn exports(s: &mut Reader, tables: &mut Tables) -> Result<(), Refusal> {
  for _ in 0..s.count()? {
    s.name()?;
    let kind = s.u8()?;
    let i = s.u32()?;
    let known = match kind {
      0 => (i as usize) < tables.function_count,
      1 => i == 0 && tables.has_table,
      2 => i == 0 && tables.memory,
      3 => (i as usize) < tables.global_count,
      _ => false,
    };
    if !known {
      return Err(DAMAGED);
    }
  }
  Ok(())
}

fn elements(s: &mut Reader, tables: &mut Tables) -> Result<(), Refusal> {
  let size = tables.table as u64;
  for _ in 0..s.count()? {
    if s.u32()? != 0 {
      return Err(FOREIGN);
    }
    let at = s.constant(I32)?;
    let count = s.count()?;
    if at as u64 + count as u64 > size {
      return Err(DAMAGED);
    }
    for _ in 0..count {
      tables.function(s.u32()?)?;
    }
  }
  Ok(())
}

fn code(s: &mut Reader, tables: &mut Tables, limits: &Limits) -> Result<(), Refusal> {
  let count = s.count()? as usize;
  if count != tables.function_count - tables.imports {
    return Err(DAMAGED);
  }
  for i in 0..count {
    let length = s.u32()?;
    let bytes = s.take(length)?;
    body::check(bytes, tables, (tables.imports + i) as u32, limits)?;
  }
  Ok(())
}

fn data(s: &mut Reader, tables: &Tables, limits: &Limits) -> Result<(), Refusal> {
  for _ in 0..s.count()? {
    if !tables.memory {
      return Err(DAMAGED);
    }
    if s.u32()? != 0 {
      return Err(FOREIGN);
    }
    let at = s.constant(I32)?;
    let length = s.u32()?;
    if at as u64 + length as u64 > limits.memory as u64 {
      return Err("the module's data does not lie in its memory");
    }
    s.take(length)?;
  }
  Ok(())
}
