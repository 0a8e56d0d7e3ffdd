//! One decoder as an element of the host: what the core asks for becomes messages to a process, what that tells becomes
//! completions. All is done in the loop of the pipeline, which never waits for the process.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use g2g_avdec_protocol::{Codec, Config, INPUT_AREA, Kind, OUTSTANDING, PADDING, Report, Request, VERSION, WAITING};
use g2g_element_support::Caps;
use g2g_interface::abi::{Completed, HostError, Op, frame_flag};
use g2g_interface::{Answer, Completion, Completions, Credit, Frame, HostElement, Memory, Value};
use tokio::time::{Sleep, sleep};

use crate::output::{Decoded, block_size};
use crate::process::{Heard, Process};
use crate::ring::Ring;
use crate::settings::Settings;
use crate::times::Times;

/// Number of the src pad among all pads.
const SRC: u32 = 1;

/// Messages that are taken before the pipeline goes on.
const TURN: usize = 256;

/// The time in which restarts are counted, ns.
const MINUTE: i64 = 60_000_000_000;

/// The most bytes of codec data.
const MAX_CODEC_DATA: usize = 8 << 10;

/// A credit, and the memory that its block lies in.
struct Armed {
  credit: Credit,
  memory: Memory,
}

// The memory is touched in the loop of the pipeline alone, from `poll`, while the credit's operation is pending.
unsafe impl Send for Armed {}

/// A decoder of the core's pipeline.
pub struct Avdec {
  codec: Codec,
  settings: Settings,
  /// Caps of the sink pad.
  input: String,
  process: Option<Process>,
  ring: Ring,
  times: Times,
  /// Frames that the decoder has not taken yet: number and operation.
  frames: VecDeque<(u64, u32)>,
  credits: VecDeque<Armed>,
  decoded: VecDeque<Decoded>,
  /// Caps that the core was told last.
  told: String,
  /// The core has answered to them.
  settled: bool,
  /// The stream has been seen to have fields.
  fields: bool,
  /// The last damaged input came to nothing: what comes next is marked.
  torn: bool,
  /// After a restart: what cannot be decoded by itself is passed over.
  wait_for_key: bool,
  epoch: u32,
  drains: u32,
  /// The operation that waits for all to come out, and whether the process has given all.
  draining: Option<(u32, bool)>,
  /// Where in pictures the decoder is behind its input.
  delay: Option<u32>,
  done: VecDeque<Completion>,
  restarts: VecDeque<i64>,
  /// When something last moved while there is something to do, ns of the host's clock.
  moved: Option<i64>,
  opening: bool,
  alarm: Option<Pin<Box<Sleep>>>,
  failed: Option<(HostError, String)>,
  explained: bool,
  copies: Copies,
}

/// Bytes that were copied between the core's memory and the process's, and how often.
#[derive(Default)]
struct Copies {
  count: i64,
  bytes: i64,
}

impl Copies {
  fn add(&mut self, bytes: u32) {
    self.count += 1;
    self.bytes += i64::from(bytes);
  }
}

impl Avdec {
  /// A decoder that has not begun.
  pub fn new(codec: Codec) -> Avdec {
    Avdec {
      codec,
      settings: Settings::default(),
      input: String::new(),
      process: None,
      ring: Ring::new(INPUT_AREA),
      times: Times::default(),
      frames: VecDeque::new(),
      credits: VecDeque::new(),
      decoded: VecDeque::new(),
      told: String::new(),
      settled: false,
      fields: false,
      torn: false,
      wait_for_key: false,
      epoch: 0,
      drains: 0,
      draining: None,
      delay: None,
      done: VecDeque::new(),
      restarts: VecDeque::new(),
      moved: None,
      opening: false,
      alarm: None,
      failed: None,
      explained: false,
      copies: Copies::default(),
    }
  }

  fn say(&mut self, request: &Request) {
    if let Some(process) = &mut self.process {
      process.say(request);
    }
  }

  /// Has a process open a decoder for the caps of the input, and starts one if there is none.
  fn open(&mut self) -> Result<(), (HostError, String)> {
    let caps = Caps::new(&self.input);
    let extra = match caps.text("codec_data") {
      None => Vec::new(),
      Some(hex) => unhex(hex)
        .filter(|d| d.len() <= MAX_CODEC_DATA)
        .ok_or((HostError::Invalid, "the codec data is damaged".to_string()))?,
    };
    let config = Config {
      codec: self.codec,
      threads: self.settings.max_threads,
      thread_type: self.settings.thread_type,
      skip_frame: self.settings.skip_frame,
      output_corrupt: self.settings.output_corrupt,
      compliance: self.settings.compliance,
      rate: caps.number("rate").unwrap_or(0),
      channels: caps.number("channels").unwrap_or(0),
      extra,
    };
    if self.process.is_none() {
      self.process = Some(Process::start().map_err(|why| (HostError::NotFound, why))?);
      self.ring = Ring::new(INPUT_AREA);
    }
    self.opening = true;
    self.fields = false;
    if self.epoch > 0 {
      self.say(&Request::Flush { epoch: self.epoch });
    }
    self.say(&Request::Open(config));
    Ok(())
  }

  /// Ends all operations with an error.
  fn fail(&mut self, error: HostError, why: String) {
    self.process = None;
    self.decoded.clear();
    let tokens = self.frames.drain(..).map(|(_, token)| token).chain(self.credits.drain(..).map(|a| a.credit.token));
    let tokens: Vec<u32> = tokens.chain(self.draining.take().map(|(token, _)| token)).collect();
    self.done.extend(tokens.into_iter().map(|token| Completion::result(token, error as i32)));
    self.failed.get_or_insert((error, why));
  }

  fn check(&self) -> Result<(), HostError> {
    self.failed.as_ref().map_or(Ok(()), |(error, _)| Err(*error))
  }

  /// The process has ended, or had to be ended: begins with another one, if there were not too many.
  fn lost(&mut self, why: String, now: i64) {
    self.process = None;
    while self.restarts.front().is_some_and(|t| now - t > MINUTE) {
      self.restarts.pop_front();
    }
    if self.restarts.len() >= self.settings.max_restarts {
      let often = self.restarts.len();
      let why = if often > 0 { format!("{why}, after {often} restarts within a minute") } else { why };
      self.fail(HostError::BrokenPipe, why);
      return;
    }
    self.restarts.push_back(now);
    // What was in it is lost.
    self.decoded.clear();
    for (_, token) in std::mem::take(&mut self.frames) {
      self.done.push_back(Completion::result(token, 0));
    }
    if let Some((_, all)) = &mut self.draining {
      *all = true;
    }
    self.wait_for_key = true;
    self.torn = true;
    self.moved = None;
    if let Err((error, why)) = self.open() {
      self.fail(error, why);
    }
  }

  /// Takes a message of the process; false for one that it must not send.
  fn take(&mut self, report: Report) -> bool {
    match report {
      Report::Ready { version } => version == VERSION,
      Report::Opened => {
        self.opening = false;
        true
      }
      Report::Failed { why } => {
        self.fail(HostError::Unsupported, why);
        true
      }
      Report::Accepted { id, why } => {
        // Pictures that come next may be damaged by what was of no use.
        self.torn |= !why.is_empty();
        if id == 0 {
          return true;
        }
        // Those of before a flush have been answered already.
        if let Some(i) = self.frames.iter().position(|(i, _)| *i == id)
          && let Some((_, token)) = self.frames.remove(i)
        {
          self.done.push_back(Completion::result(token, 0));
        }
        true
      }
      Report::Released { id } => self.ring.give(id),
      Report::Picture(picture) => {
        let delay = picture.delay.min(128);
        self.fields |= picture.interlaced;
        let mode = self.mode();
        let epoch = picture.epoch;
        let taken = self.keep(Decoded::picture(picture, mode), Kind::Video);
        if taken && epoch == self.epoch {
          self.tell_delay(delay);
        }
        taken
      }
      Report::Sound(sound) => self.keep(Decoded::sound(sound), Kind::Audio),
      Report::Drained { serial } => {
        if serial == self.drains
          && let Some((_, all)) = &mut self.draining
        {
          *all = true;
        }
        true
      }
    }
  }

  /// interlace-mode of the stream: what the caps tell, else what was seen.
  fn mode(&self) -> &'static str {
    match Caps::new(&self.input).text("interlace-mode") {
      Some("progressive") => "progressive",
      Some("interleaved") => "interleaved",
      _ if self.fields => "mixed",
      _ => "progressive",
    }
  }

  fn keep(&mut self, decoded: Option<Decoded>, kind: Kind) -> bool {
    let Some(decoded) = decoded.filter(|_| kind == self.codec.kind() && self.decoded.len() < OUTSTANDING) else {
      return false;
    };
    self.decoded.push_back(decoded);
    true
  }

  fn tell_delay(&mut self, delay: u32) {
    if self.delay == Some(delay) {
      return;
    }
    let Some((Armed { credit, .. }, decoded)) = self.credits.front().zip(self.decoded.back()) else { return };
    let duration = decoded.duration(Caps::new(&self.input)).unwrap_or(0);
    let latency = duration.saturating_mul(delay.into());
    let mut completion = Completion::new(credit.token, Completed::Latency);
    (completion.pts, completion.dts) = (latency, latency);
    self.done.push_back(completion);
    self.delay = Some(delay);
  }

  /// Hands on what was decoded, as far as the core takes it.
  fn deliver(&mut self, out: &mut dyn Completions) -> Result<bool, String> {
    let mut moved = false;
    while let Some(decoded) = self.decoded.front() {
      let corrupt = matches!(decoded, Decoded::Picture(p, ..) if p.corrupt);
      let info = self.times.of(decoded.id());
      let unseen = info.is_some_and(|i| i.flags & frame_flag::DECODE_ONLY != 0);
      if decoded.epoch() != self.epoch || unseen || (corrupt && self.settings.discard_corrupted) {
        self.give_back();
        moved = true;
        continue;
      }
      let input = Caps::new(&self.input);
      let caps = decoded.caps(input);
      if caps != self.told {
        let Some(Armed { credit, .. }) = self.credits.front() else { break };
        let completion = Completion { epoch: self.epoch, ..Completion::new(credit.token, Completed::Caps) };
        if !out.put_bytes(completion, caps.as_bytes()) {
          return Err("this host takes no caps of its elements".into());
        }
        (self.told, self.settled) = (caps, false);
        return Ok(true);
      }
      let size = decoded.size();
      let suits = |a: &Armed| a.credit.block != 0 && a.credit.length >= size;
      let Some(i) = self.credits.iter().position(suits).filter(|_| self.settled) else { break };
      let Armed { credit, memory } = &self.credits[i];
      let Some(process) = &self.process else { break };
      let block = memory.bytes_mut(credit.block, size).ok_or("a block lies outside the memory")?;
      if !decoded.copy(&process.pictures, block) {
        return Err("the decoder process tells of memory that is not shared".into());
      }
      self.copies.add(size);
      let (pts, duration, capture) = self.times.out(decoded.id(), decoded.duration(input));
      let mut completion = Completion::new(credit.token, Completed::Data);
      completion.result = i32::try_from(size).map_err(|_| "a picture is too large")?;
      completion.epoch = self.epoch;
      (completion.pts, completion.duration, completion.capture) = (pts, duration, capture);
      completion.flags = if corrupt { frame_flag::CORRUPT } else { 0 };
      if std::mem::take(&mut self.torn) {
        completion.flags |= frame_flag::DISCONT;
      }
      out.put(completion);
      self.credits.remove(i);
      self.give_back();
      moved = true;
    }
    if self.decoded.is_empty()
      && let Some((token, true)) = self.draining
    {
      self.draining = None;
      out.put(Completion { epoch: self.epoch, ..Completion::new(token, Completed::End) });
      moved = true;
    }
    Ok(moved)
  }

  /// The process may use the place of what was decoded first again.
  fn give_back(&mut self) {
    if let Some(decoded) = self.decoded.pop_front() {
      self.say(&Request::Return { slot: decoded.slot() });
    }
  }

  /// Whether the process has something to do and can do it.
  fn owes(&self) -> bool {
    let asked = self.opening || !self.frames.is_empty() || self.draining.is_some_and(|(_, all)| !all);
    self.process.is_some() && asked && self.decoded.len() < OUTSTANDING
  }

  /// Ends a process that says nothing for too long.
  fn watch(&mut self, context: &mut Context<'_>, now: i64) {
    if self.settings.timeout == 0 || !self.owes() {
      (self.moved, self.alarm) = (None, None);
      return;
    }
    let left = self.settings.timeout - (now - *self.moved.get_or_insert(now));
    if left <= 0 {
      self.alarm = None;
      let seconds = self.settings.timeout as f64 / 1e9;
      self
        .lost(format!("the decoder process hangs: it has said nothing for {seconds} s and was ended by SIGKILL"), now);
      context.waker().wake_by_ref();
      return;
    }
    let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep(Duration::from_nanos(left as u64))));
    if alarm.as_mut().poll(context).is_ready() {
      self.alarm = None;
      context.waker().wake_by_ref();
    }
  }

  fn listen(&mut self, context: &mut Context<'_>, now: i64) {
    for turn in 0.. {
      if turn == TURN {
        context.waker().wake_by_ref();
        return;
      }
      let Some(process) = &mut self.process else { return };
      match process.hear(context) {
        Poll::Pending => return,
        Poll::Ready(Heard::Report(report)) => {
          self.moved = Some(now);
          if !self.take(report) {
            self.lost("the decoder process does not keep to the protocol".into(), now);
          }
        }
        Poll::Ready(Heard::Gone(why)) => self.lost(why, now),
      }
    }
  }
}

/// The bytes of hexadecimal digits.
fn unhex(text: &str) -> Option<Vec<u8>> {
  let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
  let digits = digits.filter(|d| d.len() % 2 == 0)?;
  Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

impl HostElement for Avdec {
  fn property(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    let before = self.settings;
    self.settings.set(name, value)?;
    let Settings { skip_frame, output_corrupt, .. } = self.settings;
    if (before.skip_frame, before.output_corrupt) != (skip_frame, output_corrupt) {
      self.say(&Request::Set { skip_frame, output_corrupt });
    }
    Ok(())
  }

  fn configure(&mut self, pad: u32, caps: &str) -> Result<u32, HostError> {
    if pad == SRC {
      self.settled = true;
      return block_size(self.codec.kind(), Caps::new(caps)).ok_or(HostError::Unsupported);
    }
    self.check()?;
    self.input = caps.into();
    self.open().map_err(|(error, why)| {
      self.fail(error, why);
      error
    })?;
    Ok(0)
  }

  fn frame(&mut self, frame: &Frame, token: u32) -> Result<Answer, HostError> {
    self.check()?;
    let Some(process) = &self.process else { return Err(HostError::Closed) };
    if frame.size == 0 || (self.wait_for_key && frame.flags & frame_flag::DELTA != 0) {
      return Ok(Answer::Done);
    }
    if self.frames.len() >= WAITING {
      return Err(HostError::Busy);
    }
    let id = self.times.put(frame);
    let length = u64::from(frame.size) + PADDING;
    let Some(offset) = self.ring.take(id, length, self.frames.is_empty()) else {
      return Err(if self.frames.is_empty() { HostError::TooMany } else { HostError::Busy });
    };
    let mut at = offset;
    for part in frame.stretches() {
      if !process.input.write(at, part) {
        return Err(HostError::NoMemory);
      }
      at += part.len() as u64;
    }
    if !process.input.clear(at, PADDING) {
      return Err(HostError::NoMemory);
    }
    self.copies.add(frame.size);
    self.wait_for_key = false;
    let key = frame.flags & frame_flag::KEY != 0;
    self.frames.push_back((id, token));
    self.say(&Request::Packet { id, offset, length: frame.size, key });
    Ok(Answer::Pending)
  }

  fn credit(&mut self, credit: Credit, memory: Memory) -> Result<Answer, HostError> {
    self.check()?;
    self.credits.push_back(Armed { credit, memory });
    Ok(Answer::Pending)
  }

  fn drain(&mut self, _pad: u32, token: u32) -> Result<Answer, HostError> {
    self.check()?;
    self.drains = self.drains.wrapping_add(1);
    self.draining = Some((token, self.process.is_none()));
    self.say(&Request::Drain { serial: self.drains });
    Ok(Answer::Pending)
  }

  fn flush(&mut self, epoch: u32) {
    self.epoch = epoch;
    self.times.flush();
    for (_, token) in std::mem::take(&mut self.frames) {
      self.done.push_back(Completion::result(token, 0));
    }
    if let Some((token, _)) = self.draining.take() {
      self.done.push_back(Completion { epoch, ..Completion::new(token, Completed::End) });
    }
    while !self.decoded.is_empty() {
      self.give_back();
    }
    self.torn = false;
    self.say(&Request::Flush { epoch });
  }

  fn readings(&self, each: &mut dyn FnMut(&'static str, Value<'_>)) {
    each("copies", Value::Int(self.copies.count));
    each("copied-bytes", Value::Int(self.copies.bytes));
    each("restarts", Value::Int(self.restarts.len() as i64));
  }

  fn allowance(&self, _op: Op) -> Option<i64> {
    // It watches its process itself.
    None
  }

  fn cancel(&mut self, token: u32) {
    let frame = self.frames.iter().position(|(_, t)| *t == token).map(|i| self.frames.remove(i));
    let credit = self.credits.iter().position(|a| a.credit.token == token).map(|i| self.credits.remove(i));
    let drain = self.draining.take_if(|(t, _)| *t == token);
    if frame.is_some() || credit.is_some() || drain.is_some() {
      self.done.push_back(Completion::result(token, HostError::Cancelled as i32));
    }
  }

  fn poll(&mut self, context: &mut Context<'_>, now: i64, out: &mut dyn Completions) {
    self.listen(context, now);
    match self.deliver(out) {
      // What was given back may have been waited for.
      Ok(true) => self.moved = Some(now),
      Ok(false) => {}
      Err(why) => self.fail(HostError::Io, why),
    }
    self.watch(context, now);
    if let Some((_, why)) = self.failed.as_ref().filter(|_| !self.explained) {
      out.explain(why);
      self.explained = true;
    }
    self.done.drain(..).for_each(|completion| out.put(completion));
  }

  fn close(&mut self) {
    self.process = None;
  }
}
