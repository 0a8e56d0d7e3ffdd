//! `boardaudiosrc` and `boardaudiosink` over devices whose interrupts the test calls, one of them from another thread.
#![cfg(all(feature = "boardaudiosrc", feature = "boardaudiosink"))]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use g2g_elements::audio::{Block, Capture, CaptureSide, Piece, Playback, PlaybackSide, SoundDevice};
use g2g_elements::boardaudiosink::BoardAudioSink;
use g2g_elements::boardaudiosrc::BoardAudioSrc;
use g2g_elements::cache::{Cache, NoCache};
use g2g_elements::caps::AudioFormat;
use g2g_elements::tone::{Pattern, Ticker, Tone, ToneDevice};
use g2g_interface::abi::{Completed, Op, frame_flag};
use g2g_interface::{Answer, Completion, HostElement, HostError, NONE, Value};
use support::*;

const CAPS: &str = "audio/x-raw, format=(string)S16LE, layout=(string)interleaved, rate=(int)8000, channels=(int)1";
/// 10 ms at 8 kHz.
const SAMPLES: u32 = 80;
const BYTES: u32 = 160;
const PERIOD: i64 = 10_000_000;

/// A sound input with two buffers that take turns, as direct memory access in double-buffer mode has them.
struct Input {
  side: CaptureSide,
  /// The buffer that is filled, and the other one.
  armed: Option<[Block; 2]>,
  count: u16,
  fails: bool,
  stops: u32,
}

#[derive(Clone)]
struct InputDevice(Arc<Mutex<Input>>);

impl InputDevice {
  fn new(queue: &'static Capture) -> Self {
    let side = CaptureSide::new(queue);
    InputDevice(Arc::new(Mutex::new(Input { side, armed: None, count: 0, fails: false, stops: 0 })))
  }

  /// A buffer is full.
  fn interrupt(&self, now: i64) {
    let mut input = self.0.lock().unwrap();
    let Some([current, other]) = input.armed else { return };
    for i in 0..current.length / 2 {
      input.count = input.count.wrapping_add(1);
      unsafe { current.at.add(2 * i as usize).cast::<[u8; 2]>().write(input.count.to_le_bytes()) };
    }
    let next = input.side.swap(current.length / 2, now).unwrap();
    input.armed = Some([other, next]);
  }
}

impl SoundDevice for InputDevice {
  fn configure(&mut self, format: &AudioFormat, _: u32) -> Result<(), HostError> {
    if format.rate == 8000 { Ok(()) } else { Err(HostError::Unsupported) }
  }
  fn start(&mut self) -> Result<(), HostError> {
    let mut input = self.0.lock().unwrap();
    if input.fails {
      return Err(HostError::Io);
    }
    input.armed = input.side.prime();
    assert!(input.armed.is_some(), "started with less than two blocks");
    Ok(())
  }
  fn stop(&mut self) {
    let mut input = self.0.lock().unwrap();
    input.armed = None;
    input.stops += 1;
    input.side.give_back();
  }
}

fn samples(host: &Host, block: u32) -> Vec<u16> {
  host.linear.bytes(block, BYTES).chunks(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect()
}

fn source(cache: &'static dyn Cache) -> (InputDevice, BoardAudioSrc<'static, InputDevice>) {
  let queue = &*forever(Capture::new());
  let device = InputDevice::new(queue);
  (device.clone(), BoardAudioSrc::new(device, queue, cache))
}

#[test]
fn the_device_fills_the_blocks_of_the_core_and_the_loop_sleeps_between() {
  let (device, mut e) = source(&NoCache);
  let mut host = Host::new();
  assert_eq!(e.configure(0, CAPS), Ok(BYTES));
  let blocks: Vec<_> = (0..4).map(|_| host.credit(&mut e, 0, BYTES)).collect();
  assert_eq!(host.poll(&mut e), []);
  assert_eq!(host.wakes.count(), 0);
  let mut count = 1;
  for (i, (token, block)) in blocks.iter().enumerate().take(2) {
    device.interrupt(1_000_000 + (i as i64 + 1) * PERIOD);
    assert_eq!(host.wakes.count(), i as u32 + 1);
    let got = host.poll(&mut e);
    assert_eq!(got.iter().map(data).collect::<Vec<_>>(), [(*token, BYTES as i32, 0)]);
    let start = 1_000_000 + i as i64 * PERIOD;
    assert_eq!((got[0].pts, got[0].duration, got[0].capture), (start, PERIOD, start));
    assert_eq!(samples(&host, *block), (count..count + 80).collect::<Vec<u16>>());
    assert!(host.linear.is_whole(*block, BYTES));
    count += 80;
  }
  assert_eq!(reading(&e, "overruns"), 0);
}

#[test]
fn samples_that_are_lost_are_counted_and_the_frame_behind_them_says_so() {
  let (device, mut e) = source(&NoCache);
  let mut host = Host::new();
  e.configure(0, CAPS).unwrap();
  let blocks: Vec<_> = (0..3).map(|_| host.credit(&mut e, 0, BYTES)).collect();
  host.poll(&mut e);
  // One block is free: the first is handed over, and what comes then has no place but the two that take turns.
  for i in 1..=5 {
    device.interrupt(i * PERIOD);
  }
  let got = host.poll(&mut e);
  assert_eq!(got.iter().map(data).collect::<Vec<_>>(), [(blocks[0].0, 160, 0)]);
  assert_eq!(e.allowance(Op::Credit), None, "the device waits for the core");
  host.credit(&mut e, 0, BYTES);
  host.credit(&mut e, 0, BYTES);
  host.poll(&mut e);
  assert_eq!(e.allowance(Op::Credit), Some(2_000_000_000 + 4 * PERIOD));
  device.interrupt(6 * PERIOD);
  device.interrupt(7 * PERIOD);
  let got = host.poll(&mut e);
  assert_eq!(got.iter().map(|c| data(c).2).collect::<Vec<_>>(), [frame_flag::DISCONT, 0]);
  // Four blocks were lost, and time went on.
  assert_eq!(
    got.iter().map(|c| (c.pts, c.capture)).collect::<Vec<_>>(),
    [(5 * PERIOD, 5 * PERIOD), (6 * PERIOD, 6 * PERIOD)]
  );
  let lost: Vec<_> = blocks[1..].iter().map(|b| samples(&host, b.1)[0]).collect();
  assert!(lost.contains(&401) || lost.contains(&481), "the newest samples are in the blocks: {lost:?}");
  assert_eq!((reading(&e, "overruns"), reading(&e, "lost-samples")), (1, 4 * SAMPLES as i64));
}

#[test]
fn cancelled_credits_end_with_the_device_stopped() {
  let (device, mut e) = source(&NoCache);
  let mut host = Host::new();
  e.configure(0, CAPS).unwrap();
  (0..4).for_each(|_| drop_pair(host.credit(&mut e, 0, BYTES)));
  host.poll(&mut e);
  device.interrupt(PERIOD);
  host.room = 64;
  let ended = host.cancel_all(&mut e);
  assert_eq!(ended.len(), 4);
  assert_eq!(data(&ended[0]).0, 1, "what was captured is given");
  assert!(ended[1..].iter().all(|c| c.result == HostError::Cancelled as i32));
  assert!(device.0.lock().unwrap().armed.is_none());
  // It goes on with new credits.
  (0..3).for_each(|_| drop_pair(host.credit(&mut e, 0, BYTES)));
  host.poll(&mut e);
  device.interrupt(9 * PERIOD);
  let got = host.poll(&mut e);
  assert_eq!((data(&got[0]).2, got[0].pts), (frame_flag::DISCONT, 8 * PERIOD));
}

fn drop_pair(_: (u32, u32)) {}

#[test]
fn one_cancelled_credit_leaves_the_others() {
  let (device, mut e) = source(&NoCache);
  let mut host = Host::new();
  e.configure(0, CAPS).unwrap();
  let tokens: Vec<_> = (0..4).map(|_| host.credit(&mut e, 0, BYTES).0).collect();
  host.poll(&mut e);
  e.cancel(tokens[1]);
  assert_eq!(host.poll(&mut e).iter().map(result).collect::<Vec<_>>(), [(tokens[1], HostError::Cancelled as i32)]);
  for i in 1..=3 {
    device.interrupt(i * PERIOD);
  }
  assert_eq!(host.poll(&mut e).len(), 1, "three blocks are left, two of which are under way");
  assert_eq!(host.pending(), 2);
}

#[test]
fn a_stream_of_so_many_buffers_ends() {
  let (device, mut e) = source(&NoCache);
  let mut host = Host::new();
  set(&mut e, "num-buffers", Value::Int(2));
  e.configure(0, CAPS).unwrap();
  let tokens: Vec<_> = (0..4).map(|_| host.credit(&mut e, 0, BYTES).0).collect();
  host.poll(&mut e);
  let mut kinds = vec![];
  for i in 1..=4 {
    device.interrupt(i * PERIOD);
    kinds.extend(host.poll(&mut e).iter().map(|c| (c.token, c.kind)));
  }
  let expected: Vec<_> =
    tokens.iter().zip([Completed::Data, Completed::Data, Completed::End, Completed::End]).collect();
  assert_eq!(kinds.iter().map(|(t, k)| (t, *k)).collect::<Vec<_>>(), expected);
  assert!(device.0.lock().unwrap().armed.is_none());
}

#[test]
fn a_device_that_does_not_start_fails_the_stream() {
  let (device, mut e) = source(&NoCache);
  let mut host = Host::new();
  device.0.lock().unwrap().fails = true;
  e.configure(0, CAPS).unwrap();
  let tokens: Vec<_> = (0..2).map(|_| host.credit(&mut e, 0, BYTES).0).collect();
  let mut ended = host.poll(&mut e);
  ended.extend(host.poll(&mut e));
  assert_eq!(ended.iter().map(result).collect::<Vec<_>>(), [(tokens[0], HostError::Io as i32)]);
  // Closing leaves nothing with the device.
  e.close();
  let mut input = device.0.lock().unwrap();
  assert!(input.side.prime().is_none() && input.side.begin().is_none());
}

/// A cache that knows what was asked of it.
struct Lines(Mutex<Vec<(usize, usize)>>);

impl Cache for Lines {
  fn line(&self) -> usize {
    32
  }
  fn invalidate(&self, at: *const u8, length: usize) {
    self.0.lock().unwrap().push((at as usize, length));
  }
}

#[test]
fn caches_forget_a_block_before_and_after_the_device_writes_it() {
  let cache = &*forever(Lines(Mutex::new(vec![])));
  let (device, mut e) = source(cache);
  let mut host = Host::new();
  // 5 ms are 80 bytes, in lines 96.
  set(&mut e, "latency-time", Value::Int(5000));
  assert_eq!(e.configure(0, CAPS), Ok(96));
  let blocks: Vec<_> = (0..3).map(|_| host.credit(&mut e, 0, 96).1).collect();
  host.poll(&mut e);
  let place = |i: usize| (host.linear.memory.pointer(blocks[i], 96).unwrap() as usize, 96);
  assert_eq!(*cache.0.lock().unwrap(), [place(0), place(1), place(2)]);
  let expected = [place(0), place(1), place(2), place(0)];
  device.interrupt(PERIOD);
  assert_eq!(host.poll(&mut e).iter().map(|c| data(c).1).collect::<Vec<_>>(), [80]);
  assert_eq!(*cache.0.lock().unwrap(), expected);
  // A block that shares a line with others is refused.
  let (device, mut e) = source(cache);
  e.configure(0, CAPS).unwrap();
  let at = host.linear.block(256) + 16;
  let credit = g2g_interface::Credit { token: 1000, pad: 0, count: 1, block: at, length: BYTES };
  assert_eq!(e.credit(credit, host.linear.memory), Ok(Answer::Pending));
  host.poll_only(&mut e);
  assert_eq!(host.completions.pop_front(), Some(Completion::result(1000, HostError::Invalid as i32)));
  assert_eq!(device.0.lock().unwrap().stops, 0);
}

#[test]
fn nothing_is_lost_between_an_interrupt_and_the_loop_on_two_threads() {
  let (device, mut e) = source(&NoCache);
  let mut host = Host::new();
  e.configure(0, CAPS).unwrap();
  let mut block_of = std::collections::HashMap::new();
  for _ in 0..8 {
    let (token, block) = host.credit(&mut e, 0, BYTES);
    block_of.insert(token, block);
  }
  host.poll(&mut e);
  let over = Arc::new(AtomicBool::new(false));
  let interrupts = {
    let (device, over) = (device.clone(), over.clone());
    std::thread::spawn(move || {
      let mut now = 0;
      while !over.load(Ordering::Relaxed) {
        now += PERIOD;
        device.interrupt(now);
        std::thread::yield_now();
      }
    })
  };
  let (mut first, mut next, mut frames) = (None, None, 0);
  while frames < 1000 {
    for c in host.poll(&mut e) {
      let got = samples(&host, block_of.remove(&c.token).unwrap());
      assert!(got.windows(2).all(|w| w[1] == w[0].wrapping_add(1)), "a block that was written while it was read");
      // Timestamps count samples, those that were lost as well: 125 us each.
      let (value, begin) = *first.get_or_insert((got[0], c.pts));
      assert_eq!(got[0], value.wrapping_add(((c.pts - begin) / 125_000) as u16));
      assert_eq!(next.is_some_and(|next| next != c.pts), data(&c).2 & frame_flag::DISCONT != 0 && next.is_some());
      next = Some(c.pts + c.duration);
      frames += 1;
      let (token, block) = host.credit_at(&mut e, c.token, BYTES);
      block_of.insert(token, block);
    }
  }
  over.store(true, Ordering::Relaxed);
  interrupts.join().unwrap();
}

#[derive(Clone, Default)]
struct Timer(Arc<Mutex<Option<u64>>>);

impl Ticker for Timer {
  fn start(&mut self, period: u64) {
    *self.0.lock().unwrap() = Some(period);
  }
  fn stop(&mut self) {
    *self.0.lock().unwrap() = None;
  }
}

#[test]
fn the_timer_driven_source_gives_the_same_samples_in_every_run() {
  for pattern in [Pattern::Counter, Pattern::Sine(1000)] {
    let run = || {
      let queue = &*forever(Capture::new());
      let tone = &*forever(Tone::new(queue, pattern));
      let timer = Timer::default();
      let mut e = BoardAudioSrc::new(ToneDevice::new(tone, timer.clone()), queue, &NoCache);
      let mut host = Host::new();
      e.configure(0, CAPS).unwrap();
      let blocks: Vec<_> = (0..4).map(|_| host.credit(&mut e, 0, BYTES).1).collect();
      host.poll(&mut e);
      assert_eq!(*timer.0.lock().unwrap(), Some(PERIOD as u64));
      tone.interrupt(PERIOD);
      tone.interrupt(2 * PERIOD);
      assert_eq!(host.poll(&mut e).len(), 2);
      let all = [samples(&host, blocks[0]), samples(&host, blocks[1])].concat();
      assert_eq!(e.configure(0, &CAPS.replace("S16LE", "S32LE")), Err(HostError::Unsupported));
      assert_eq!(*timer.0.lock().unwrap(), None);
      all
    };
    let all = run();
    assert_eq!(all, run());
    match pattern {
      Pattern::Counter => assert_eq!(all, (1..=160).collect::<Vec<u16>>()),
      Pattern::Sine(_) => {
        let expected = |i: usize| (i as f64 / 8.0 * std::f64::consts::TAU).sin() * 16383.5;
        assert!(all.iter().enumerate().all(|(i, s)| ((*s as i16) as f64 - expected(i)).abs() < 4.0));
      }
    }
  }
}

/// A sound output with two buffers that take turns.
struct Output {
  side: PlaybackSide,
  armed: [Option<Piece>; 2],
  running: bool,
  heard: Vec<u8>,
}

#[derive(Clone)]
struct OutputDevice(Arc<Mutex<Output>>);

impl OutputDevice {
  /// A piece, or some silence, has been played.
  fn interrupt(&self) {
    let mut o = self.0.lock().unwrap();
    if !o.running {
      return;
    }
    match o.armed[0] {
      Some(p) => {
        let bytes = unsafe { std::slice::from_raw_parts(p.block.at, p.block.length as usize) }.to_vec();
        o.heard.extend(bytes);
      }
      None => o.heard.push(b'.'),
    }
    o.armed = [o.armed[1], o.side.swap()];
  }
  fn heard(&self) -> String {
    String::from_utf8(self.0.lock().unwrap().heard.clone()).unwrap()
  }
}

impl SoundDevice for OutputDevice {
  fn configure(&mut self, _: &AudioFormat, _: u32) -> Result<(), HostError> {
    Ok(())
  }
  fn start(&mut self) -> Result<(), HostError> {
    let mut o = self.0.lock().unwrap();
    o.armed = o.side.prime();
    assert!(o.armed[0].is_some(), "started with nothing to play");
    o.running = true;
    Ok(())
  }
  fn stop(&mut self) {
    let mut o = self.0.lock().unwrap();
    o.armed = [None; 2];
    o.running = false;
    o.side.give_back();
  }
}

const BYTE_CAPS: &str = "audio/x-raw, format=(string)U8, layout=(string)interleaved, rate=(int)1000, channels=(int)1";

fn player(buffer_ms: i64) -> (OutputDevice, BoardAudioSink<'static, OutputDevice>) {
  let queue = &*forever(Playback::new());
  let output = Output { side: PlaybackSide::new(queue), armed: [None; 2], running: false, heard: vec![] };
  let device = OutputDevice(Arc::new(Mutex::new(output)));
  let mut e = BoardAudioSink::new(device.clone(), queue, &NoCache);
  set(&mut e, "buffer-time", Value::Int(buffer_ms * 1000));
  e.configure(0, BYTE_CAPS).unwrap();
  (device, e)
}

#[test]
fn sound_is_played_where_it_lies_once_enough_has_come() {
  let (device, mut e) = player(6);
  let mut host = Host::new();
  let (first, answer) = host.frame(&mut e, &[b"ab", b"", b"cd", b""]);
  assert_eq!(answer, Ok(Answer::Pending));
  host.poll(&mut e);
  device.interrupt();
  assert_eq!(device.heard(), "", "4 of 6 ms have come");
  let (second, _) = host.frame(&mut e, &[b"ef"]);
  host.poll(&mut e);
  let (third, _) = host.frame(&mut e, &[b"gh"]);
  device.interrupt();
  assert_eq!(host.poll(&mut e), [], "half of the first frame");
  let wakes = host.wakes.count();
  device.interrupt();
  assert_eq!(host.wakes.count(), wakes + 1);
  assert_eq!(host.poll(&mut e).iter().map(result).collect::<Vec<_>>(), [(first, 0)]);
  device.interrupt();
  device.interrupt();
  assert_eq!(host.poll(&mut e).iter().map(result).collect::<Vec<_>>(), [(second, 0), (third, 0)]);
  assert_eq!((device.heard().as_str(), reading(&e, "samples-played")), ("abcdefgh", 8));
}

#[test]
fn running_dry_is_counted_and_it_begins_again_with_enough() {
  let (device, mut e) = player(4);
  let mut host = Host::new();
  host.frame(&mut e, &[b"abcd"]).1.unwrap();
  host.poll(&mut e);
  device.interrupt();
  let wakes = host.wakes.count();
  device.interrupt();
  assert!(host.wakes.count() > wakes, "a device with nothing to play wakes the element");
  host.poll(&mut e);
  assert_eq!(reading(&e, "underruns"), 1);
  host.frame(&mut e, &[b"ef"]).1.unwrap();
  host.poll(&mut e);
  device.interrupt();
  host.frame(&mut e, &[b"gh"]).1.unwrap();
  host.poll(&mut e);
  (0..2).for_each(|_| device.interrupt());
  let drain = host.drain(&mut e, 0);
  let ended = host.poll(&mut e);
  assert_eq!(ended.last().map(result), Some((drain, 0)));
  (0..3).for_each(|_| device.interrupt());
  host.poll(&mut e);
  assert_eq!(device.heard().replace('.', ""), "abcdefgh");
  assert_eq!(reading(&e, "underruns"), 1, "the end of a stream is none");
  assert!(!device.0.lock().unwrap().running);
}

#[test]
fn a_frame_of_many_stretches_goes_through_bit_by_bit() {
  let (device, mut e) = player(1);
  let mut host = Host::new();
  let text: Vec<u8> = (0..100).map(|i| b'a' + i % 26).collect();
  let parts: Vec<&[u8]> = text.chunks(2).collect();
  let (token, _) = host.frame(&mut e, &parts);
  let mut ended = vec![];
  for _ in 0..60 {
    ended.extend(host.poll(&mut e).iter().map(result));
    device.interrupt();
  }
  assert_eq!(device.heard().trim_end_matches('.').as_bytes(), text);
  assert_eq!(ended, [(token, 0)]);
}

#[test]
fn a_full_sink_is_busy_and_gives_all_back_when_cancelled() {
  let (device, mut e) = player(1000);
  let mut host = Host::new();
  let answers: Vec<_> = (0..9).map(|_| host.frame(&mut e, &[b"xx"]).1).collect();
  assert_eq!((answers[7], answers[8]), (Ok(Answer::Pending), Err(HostError::Busy)));
  host.poll(&mut e);
  // A full sink plays, however little that is.
  assert!(device.0.lock().unwrap().running);
  host.drain(&mut e, 0);
  assert_eq!(host.cancel_all(&mut e).len(), 9);
  assert!(!device.0.lock().unwrap().running);
  assert_eq!(host.frame(&mut e, &[b"x", b""]).1, Ok(Answer::Pending));
  e.close();
}

#[test]
fn blocks_of_an_older_size_are_not_filled() {
  let (device, mut e) = source(&NoCache);
  let mut host = Host::new();
  e.configure(0, CAPS).unwrap();
  let old: Vec<_> = (0..3).map(|_| host.credit(&mut e, 0, BYTES)).collect();
  host.poll(&mut e);
  device.interrupt(PERIOD);
  set(&mut e, "latency-time", Value::Int(20_000));
  assert_eq!(e.configure(0, CAPS), Ok(2 * BYTES));
  assert_eq!(host.poll(&mut e), []);
  assert!(device.0.lock().unwrap().armed.is_none());
  // The core takes them back and gives larger ones.
  old.iter().for_each(|(token, _)| e.cancel(*token));
  let new: Vec<_> = (0..3).map(|_| host.credit(&mut e, 0, 2 * BYTES)).collect();
  assert_eq!(host.poll(&mut e).len(), 3);
  device.interrupt(3 * PERIOD);
  let got = host.poll(&mut e);
  assert_eq!((data(&got[0]).0, data(&got[0]).1, got[0].pts), (new[0].0, 320, PERIOD));
  assert!(old.iter().all(|(_, block)| host.linear.is_whole(*block, BYTES)));
}

#[test]
fn closing_stops_the_device_whatever_is_pending() {
  let (device, mut e) = source(&NoCache);
  let mut host = Host::new();
  e.configure(0, CAPS).unwrap();
  (0..3).for_each(|_| drop_pair(host.credit(&mut e, 0, BYTES)));
  host.poll(&mut e);
  device.interrupt(PERIOD);
  e.close();
  assert!(device.0.lock().unwrap().armed.is_none());
  // It begins again as new, with nothing of before.
  e.configure(0, CAPS).unwrap();
  let mut host = Host::new();
  let new: Vec<_> = (0..3).map(|_| host.credit(&mut e, 0, BYTES)).collect();
  assert_eq!(host.poll(&mut e), []);
  device.interrupt(7 * PERIOD);
  let got = host.poll(&mut e);
  assert_eq!((data(&got[0]).0, data(&got[0]).2, got[0].pts), (new[0].0, 0, 6 * PERIOD));
  let (device, mut e) = player(1);
  host.frame(&mut e, &[b"abcd"]).1.unwrap();
  host.poll(&mut e);
  assert!(device.0.lock().unwrap().running);
  e.close();
  assert!(!device.0.lock().unwrap().running);
}

#[test]
fn elements_are_as_their_tables_say() {
  let (_, mut e) = source(&NoCache);
  table::check(&mut e, "boardaudiosrc");
  for time in [10_000, 20_000, 2_500, 375] {
    set(&mut e, "latency-time", Value::Int(time));
    let block = table::block("boardaudiosrc", &[("rate", 8000), ("sample-bytes", 4)], &[("latency-time", time)]);
    assert_eq!(e.configure(0, &CAPS.replace("channels=(int)1", "channels=(int)2")), Ok(block), "{time}");
  }
  assert_eq!(e.configure(0, &CAPS.replace("8000", "44100")), Err(HostError::Unsupported));
  set(&mut e, "latency-time", Value::Int(1));
  assert_eq!(e.configure(0, CAPS), Err(HostError::Invalid), "no sample in a block");
  let (_, mut e) = player(1);
  table::check(&mut e, "boardaudiosink");
  let mut host = Host::new();
  e.configure(0, CAPS).unwrap();
  assert_eq!(host.frame_with(&mut e, &[b"abc"], 0, NONE).1, Err(HostError::Invalid), "half a sample");
}

#[test]
fn operations_in_any_order_end_once() {
  for seed in 0..100 {
    let random = &mut Random(seed);
    let (device, mut e) = source(&NoCache);
    let mut host = Host::new();
    e.configure(0, CAPS).unwrap();
    storm(random, &mut host, &mut e, Some((0, BYTES)), None, &mut |_, now| device.interrupt(now));
    assert!(device.0.lock().unwrap().armed.is_none(), "seed {seed}");
    let (device, mut e) = player(3);
    storm(random, &mut Host::new(), &mut e, None, Some(b"abcdef"), &mut |random, _| {
      (0..random.below(6)).for_each(|_| device.interrupt());
    });
  }
}
