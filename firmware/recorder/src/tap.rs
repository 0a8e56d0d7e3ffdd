//! Writes entries down.

use g2g_interface::abi::{Completed, Op, Query};
use g2g_interface::completion::COMPLETION_SIZE;
use g2g_interface::frame::FRAME_SIZE;
use g2g_interface::{Memory, NONE, Records};
use g2g_runtime::boot::{Asked, Log};
use g2g_runtime::engine::Export;
use g2g_runtime::{Image, Start};
use sha2::{Digest, Sha256};

use crate::Settings;
use crate::digest::Sources;
use crate::entry::{DIGESTS, Entry, IMAGE, MAGIC, Torn};
use crate::operations::{Credit, Credits};
use crate::queue::Queue;

/// After this time what fills no packet is sent, ns.
const LINGER: i64 = 50_000_000;

pub(crate) struct Tap<const N: usize> {
  queue: &'static Queue<N>,
  image: &'static Image,
  settings: &'static Settings,
  /// Address of the ring's header, 0 when it is not known yet.
  ring: u32,
  /// Completions that were written down.
  tail: u32,
  /// Time of the step before.
  now: i64,
  flushed: i64,
  /// The memory is that of the image: what the boot log does comes before the next step.
  fresh: bool,
  over: bool,
  credits: Credits,
  sources: Sources,
  outputs: Sha256,
}

/// Writes the fields of an entry.
pub(crate) struct Fields<'a, const N: usize>(&'a Queue<N>);

impl<const N: usize> Fields<'_, N> {
  pub fn byte(&self, v: u8) -> &Self {
    self.raw(&[v])
  }

  /// An unsigned number, LEB128.
  pub fn uint(&self, mut v: u64) -> &Self {
    let mut bytes = [0; 10];
    let mut n = 0;
    for byte in &mut bytes {
      *byte = v as u8 & 0x7f;
      n += 1;
      v >>= 7;
      if v == 0 {
        break;
      }
      *byte |= 0x80;
    }
    self.raw(bytes.get(..n).unwrap_or(&[]))
  }

  /// A signed number: zigzag, LEB128.
  pub fn sint(&self, v: i64) -> &Self {
    self.uint((v << 1 ^ v >> 63) as u64)
  }

  /// Bytes with their length before them.
  pub fn bytes(&self, v: &[u8]) -> &Self {
    self.uint(v.len() as u64).raw(v)
  }

  /// Bytes as they are.
  pub fn raw(&self, v: &[u8]) -> &Self {
    self.0.put(v);
    self
  }
}

impl<const N: usize> Tap<N> {
  pub fn new(queue: &'static Queue<N>, image: &'static Image, settings: &'static Settings, session: u32) -> Self {
    queue.begin(session);
    let mut tap = Tap {
      queue,
      image,
      settings,
      ring: image.ring,
      tail: 0,
      now: 0,
      flushed: 0,
      fresh: true,
      over: false,
      credits: Credits::new(),
      sources: Sources::new(),
      outputs: Sha256::new(),
    };
    let mut hash = [0; 32];
    for (byte, digits) in hash.iter_mut().zip(image.module_hash.as_bytes().chunks(2)) {
      *byte = digits.iter().fold(0, |n, d| (n << 4) | ((d & 15) + if *d > b'9' { 9 } else { 0 }));
    }
    let flags = IMAGE | if settings.reproducible.is_empty() { 0 } else { DIGESTS };
    tap.write(|f| {
      f.raw(MAGIC).byte(flags).raw(&hash).uint(image.ring as u64);
    });
    tap
  }

  /// Writes an entry, which may be the last one that finds room.
  fn write(&mut self, fields: impl FnOnce(&Fields<'_, N>)) {
    if self.over {
      return;
    }
    fields(&Fields(self.queue));
    if !self.queue.commit() {
      self.tear(Torn::Overrun);
    }
  }

  pub fn entry(&mut self, entry: Entry, fields: impl FnOnce(&Fields<'_, N>)) {
    self.write(|f| fields(f.byte(entry as u8)));
  }

  /// Ends the recording, whose run goes on.
  fn tear(&mut self, why: Torn) {
    if !self.over {
      self.over = true;
      self.queue.mark([Entry::Torn as u8, why as u8]);
    }
  }

  /// Ends the recording with its run.
  pub fn finish(&mut self) {
    if self.over {
      return;
    }
    let hash = core::mem::take(&mut self.outputs).finalize();
    Fields(self.queue).byte(Entry::End as u8).raw(&hash);
    if self.queue.end() {
      self.over = true;
    } else {
      self.tear(Torn::Overrun);
    }
  }

  /// The pipeline begins again with the memory of the image.
  pub fn restart(&mut self) {
    self.entry(Entry::Restart, |_| ());
    self.credits.clear();
    self.fresh = true;
    self.ring = self.image.ring;
  }

  /// An element was opened, by the boot log or by the core.
  fn opened(&mut self, handle: i32, spec: &[u8]) {
    let mut records = Records::new(spec);
    if let (Some(_), Some(name)) = (records.str(), records.str()) {
      self.sources.open(handle, name, self.settings.reproducible);
    }
  }

  fn submitted(&mut self, op: Op, handle: i32, token: u32, block: u32) {
    if op == Op::Credit && block != 0 && !self.credits.insert(Credit { token, handle, block }) {
      self.tear(Torn::Operations);
    }
  }

  /// What a boot log has done, when it is over.
  fn thaw(&mut self, memory: Memory) {
    self.tail = memory.u32(self.ring).unwrap_or(0);
    let Start::Frozen { log } = &self.image.start else { return };
    for e in Log::new(log) {
      match e.asked {
        Asked::Open => self.opened(e.handle, e.data),
        Asked::Submit(op) => self.submitted(op, e.handle, e.token, e.ptr),
        Asked::Random => self.data(memory, e.ptr, e.length),
      }
    }
  }

  fn data(&mut self, memory: Memory, ptr: u32, length: u32) {
    let bytes = memory.bytes(ptr, length).unwrap_or(&[]);
    self.entry(Entry::Data, |f| {
      f.uint(ptr as u64).bytes(bytes);
    });
  }

  /// Bytes that a credit has brought.
  fn arrived(&mut self, memory: Memory, credit: Credit, length: u32) {
    let Some((source, new)) = self.sources.give(credit.handle, length) else {
      return self.data(memory, credit.block, length);
    };
    if new {
      self.entry(Entry::InputName, |f| {
        f.bytes(source.name.as_bytes());
      });
    }
    let number = source.number.unwrap_or(0);
    let hash = Sha256::digest(memory.bytes(credit.block, length).unwrap_or(&[]));
    self.entry(Entry::Input, |f| {
      f.uint(credit.block as u64).uint(length as u64).uint(number as u64).uint(source.given).raw(&hash);
    });
  }

  /// The completions since the last step, with what they brought.
  fn completions(&mut self, memory: Memory) {
    let word = |at: u32| memory.u32(self.ring.wrapping_add(at)).unwrap_or(0);
    let (tail, slots, records) = (word(4), word(8).max(1), word(12));
    // No more than there can be, whatever stands there.
    for _ in 0..tail.wrapping_sub(self.tail).min(slots) {
      let at = records.wrapping_add(self.tail % slots * COMPLETION_SIZE);
      self.tail = self.tail.wrapping_add(1);
      if let Some(record) = memory.bytes(at, COMPLETION_SIZE).and_then(|b| b.first_chunk()) {
        self.completion(memory, record);
      }
    }
    self.tail = tail;
  }

  fn completion(&mut self, memory: Memory, r: &[u8; COMPLETION_SIZE as usize]) {
    let u16_at = |at: usize| u16::from_le_bytes([r[at], r[at + 1]]) as i64;
    let u32_at = |at: usize| u32::from_le_bytes([r[at], r[at + 1], r[at + 2], r[at + 3]]);
    let i64_at = |at: usize| (u32_at(at) as u64 | (u32_at(at + 4) as u64) << 32) as i64;
    let (token, kind, result) = (u32_at(0), u16_at(4), u32_at(8) as i32);
    let over = [Completed::Data, Completed::Result, Completed::End].iter().any(|k| *k as i64 == kind);
    if over
      && let Some(credit) = self.credits.take(token)
      && kind == Completed::Data as i64
      && result > 0
    {
      self.arrived(memory, credit, result as u32);
    }
    // Those that stand where a completion has nothing to say are left out.
    let fields = [
      (u16_at(6), 0),
      (result as i64, 0),
      (u32_at(12) as i64, 0),
      (u32_at(16) as i32 as i64, 0),
      (u32_at(20) as i64, 0),
      (i64_at(24), NONE),
      (i64_at(32), NONE),
      (i64_at(40), NONE),
      (i64_at(48), NONE),
      (u32_at(56) as i64, 0),
      (u32_at(60) as i64, 0),
    ];
    let told = fields.iter().enumerate().filter(|(_, (value, absent))| value != absent);
    let mask = told.clone().fold(0, |mask, (i, _)| mask | 1 << i);
    self.entry(Entry::Completion, |f| {
      f.uint(token as u64).uint(kind as u64).uint(mask);
      told.for_each(|(_, (value, _))| _ = f.sint(*value));
    });
  }

  pub fn step(&mut self, memory: Memory, now: i64, work: i32) {
    if core::mem::take(&mut self.fresh) && self.ring != 0 {
      self.thaw(memory);
    }
    if self.ring != 0 {
      self.completions(memory);
    }
    let before = core::mem::replace(&mut self.now, now);
    self.entry(Entry::Step, |f| {
      f.sint(now.wrapping_sub(before)).uint(work as u32 as u64);
    });
    if now.wrapping_sub(self.flushed) > LINGER {
      self.flushed = now;
      self.queue.flush();
    }
  }

  pub fn returned(&mut self, result: i64) {
    self.entry(Entry::Return, |f| {
      f.sint(result);
    });
  }

  pub fn trapped(&mut self, name: &str) {
    self.entry(Entry::Trap, |f| {
      f.bytes(name.as_bytes());
    });
    self.queue.flush();
  }

  /// A call of a core that is launched on the board.
  pub fn called(&mut self, memory: Memory, export: Export, args: &[i32]) {
    let entry = match export {
      Export::Init => Entry::Init,
      Export::Alloc => Entry::Alloc,
      Export::Free => Entry::Free,
      Export::Describe => Entry::Describe,
      Export::Launch => Entry::Launch,
      Export::SetState => Entry::SetState,
      Export::Query => Entry::Query,
      Export::Event => Entry::Event,
      Export::Dispose => Entry::Dispose,
    };
    // Address and length of an argument that lies in memory come last.
    let in_memory = matches!(export, Export::Describe | Export::Launch | Export::Query | Export::Event);
    let numbers = args.len() - if in_memory { 1 } else { 0 };
    self.entry(entry, |f| {
      for arg in &args[..numbers] {
        f.uint(*arg as u32 as u64);
      }
      if in_memory {
        f.bytes(memory.bytes(args[numbers - 1] as u32, args[numbers] as u32).unwrap_or(&[]));
      }
    });
  }

  /// Notes where the ring is, when that was what the core was asked.
  pub fn answered(&mut self, memory: Memory, export: Export, args: &[i32], result: i32) {
    if export != Export::Query || args.first() != Some(&(Query::Ring as i32)) {
      return;
    }
    let at = result as u32;
    let records = at.checked_add(4).and_then(|behind| memory.bytes(behind, memory.u32(at)?));
    if let Some(ring) = records.and_then(|r| Records::new(r).int()).and_then(|a| u32::try_from(a).ok()) {
      self.ring = ring;
      self.tail = memory.u32(ring.wrapping_add(4)).unwrap_or(0);
      self.fresh = false;
    }
  }

  pub fn open(&mut self, memory: Memory, kind: u32, spec: u32, length: u32, handle: i32) {
    let bytes = memory.bytes(spec, length).unwrap_or(&[]);
    self.entry(Entry::Open, |f| {
      f.uint(kind as u64).bytes(bytes).sint(handle as i64);
    });
    if handle > 0 {
      self.opened(handle, bytes);
    }
  }

  /// Writes an operation down, before it is carried out; `submit_result` ends the entry.
  #[allow(clippy::too_many_arguments)]
  pub fn submit(
    &mut self,
    memory: Memory,
    handle: i32,
    op: u32,
    ptr: u32,
    length: u32,
    aux: i64,
    token: u32,
    run: impl FnOnce() -> i32,
  ) -> i32 {
    // The core may use what it hands over as soon as it has an answer.
    let known = Op::from_raw(op as i32);
    let mut hash = None;
    if !self.over && known == Some(Op::Frame) {
      hash = Some(hash_frame(memory, ptr));
    }
    let records = match known {
      Some(Op::Property | Op::Configure) => memory.bytes(ptr, length).unwrap_or(&[]),
      _ => &[],
    };
    let payload = hash.as_ref().map_or(records, |h| &h[..]);
    let result = run();
    self.entry(Entry::Submit, |f| {
      f.uint(handle as u32 as u64).uint(op as u64).uint(ptr as u64).uint(length as u64).sint(aux);
      f.uint(token as u64).bytes(payload).sint(result as i64).byte(0);
    });
    if result == g2g_interface::HostError::Pending as i32
      && let Some(op) = known
    {
      self.submitted(op, handle, token, ptr);
    }
    result
  }

  /// An import that has one number.
  pub fn numbered(&mut self, entry: Entry, number: u32) {
    self.entry(entry, |f| {
      f.uint(number as u64);
    });
  }

  pub fn post(&mut self, memory: Memory, kind: u32, ptr: u32, length: u32) {
    let records = memory.bytes(ptr, length).unwrap_or(&[]);
    self.entry(Entry::Post, |f| {
      f.uint(kind as u64).bytes(records);
    });
    self.outputs.update([kind as u8]);
    self.outputs.update(records);
  }

  pub fn random(&mut self, memory: Memory, ptr: u32, length: u32) {
    let bytes = memory.bytes(ptr, length).unwrap_or(&[]);
    self.entry(Entry::Random, |f| {
      f.bytes(bytes);
    });
  }
}

/// The hash of a frame's record and of its bytes, as far as they lie in the memory.
fn hash_frame(memory: Memory, ptr: u32) -> [u8; 32] {
  let mut hash = Sha256::new();
  if let Some(record) = memory.bytes(ptr, FRAME_SIZE) {
    hash.update(record);
    let word = |at: u32| memory.u32(at).unwrap_or(0);
    let (count, pairs) = (word(ptr + 56), word(ptr + 60));
    // No more than memory has.
    for i in 0..count.min(memory.size() / 8) {
      let at = pairs.wrapping_add(8 * i);
      hash.update(memory.bytes(word(at), word(at.wrapping_add(4))).unwrap_or(&[]));
    }
  }
  hash.finalize().into()
}
