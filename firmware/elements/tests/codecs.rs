//! `hwjpegdec` and `hwh264enc` over devices whose interrupts the test calls; the decoder is a real one.
#![cfg(all(feature = "hwjpegdec", feature = "hwh264enc"))]

mod support;

use std::cell::RefCell;
use std::rc::Rc;

use g2g_elements::block::Block;
use g2g_elements::cache::NoCache;
use g2g_elements::codec::{Outcome, Outcomes};
use g2g_elements::hwh264enc::{H264Encoder, HwH264Enc, Source};
use g2g_elements::hwjpegdec::{Format, HwJpegDec, JpegDecoder, Picture};
use g2g_interface::abi::{Completed, Op, frame_flag};
use g2g_interface::{Completion, Frame, HostElement, HostError, NONE, Upstream, Value};
use support::*;

/// A grey picture of 16 by 8 points, whose left half is 74 and whose right half is 173: two blocks without AC coefficients,
/// in the syntax of ITU-T T.81, B.2.
fn jpeg() -> Vec<u8> {
  let mut j = vec![0xff, 0xd8, 0xff, 0xdb, 0, 67, 0];
  // With 8 for DC, a coefficient is the mean of its block, less 128.
  j.extend([8; 64]);
  j.extend([0xff, 0xc0, 0, 11, 8, 0, 8, 0, 16, 1, 1, 0x11, 0]);
  // Codes: 0 and 10 for differences of 6 and 7 bits; 0 for the end of a block.
  j.extend([0xff, 0xc4, 0, 21, 0x00, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 7]);
  j.extend([0xff, 0xc4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  j.extend([0xff, 0xda, 0, 8, 1, 1, 0x00, 0, 63, 0]);
  // -54 and then 99 more, each with an end: 0 001001 0, 10 1100011 0, filled up with ones.
  j.extend([0b0001_0010, 0b1011_0001, 0b1011_1111, 0xff, 0xd9]);
  j
}

/// Work that a device has begun.
#[derive(Default)]
struct Bench {
  job: Option<(Vec<u8>, Block, bool)>,
  picture: Option<Picture>,
  bitrate: Vec<u32>,
  aborts: u32,
}

#[derive(Clone)]
struct Device {
  bench: Rc<RefCell<Bench>>,
  outcomes: &'static Outcomes,
}

impl Device {
  fn new() -> Device {
    Device { bench: Rc::default(), outcomes: forever(Outcomes::new()) }
  }

  fn begin(&mut self, frame: &Frame, key: bool, to: Block) -> Result<(), HostError> {
    let mut bytes = vec![0; frame.size as usize];
    frame.copy_to(&mut bytes).unwrap();
    assert!(self.bench.borrow_mut().job.replace((bytes, to, key)).is_none(), "one at a time");
    Ok(())
  }

  fn is_busy(&self) -> bool {
    self.bench.borrow().job.is_some()
  }

  fn end(&self, result: Result<u32, HostError>, key: bool) {
    self.bench.borrow_mut().job = None;
    assert!(self.outcomes.announce(Outcome { result, key }));
  }

  /// The decoder's interrupt: a picture is done.
  fn decoded(&self) {
    let (jpeg, to, _) = self.bench.borrow_mut().job.take().unwrap();
    let result = match jpeg_decoder::Decoder::new(&jpeg[..]).decode() {
      Ok(points) => {
        assert!(points.len() <= to.length as usize);
        unsafe { std::ptr::copy_nonoverlapping(points.as_ptr(), to.at, points.len()) };
        Ok(points.len() as u32)
      }
      Err(_) => Err(HostError::Io),
    };
    self.end(result, true);
  }

  /// The encoder's interrupt: what it made is the picture's first byte, and whether it is a key.
  fn encoded(&self) {
    let (picture, to, key) = self.bench.borrow_mut().job.take().unwrap();
    unsafe { to.at.cast::<[u8; 2]>().write([picture[0], key as u8]) };
    self.end(Ok(2), key);
  }
}

impl JpegDecoder for Device {
  fn configure(&mut self, picture: &Picture) -> Result<(), HostError> {
    self.bench.borrow_mut().picture = Some(*picture);
    if picture.format == Format::Gray8 { Ok(()) } else { Err(HostError::Unsupported) }
  }
  fn start(&mut self, frame: &Frame, to: Block) -> Result<(), HostError> {
    self.begin(frame, true, to)
  }
  fn abort(&mut self) {
    let mut bench = self.bench.borrow_mut();
    bench.job = None;
    bench.aborts += 1;
  }
}

impl H264Encoder for Device {
  fn configure(&mut self, _: &Source) -> Result<(), HostError> {
    Ok(())
  }
  fn set_bitrate(&mut self, bitrate: u32) -> Result<(), HostError> {
    self.bench.borrow_mut().bitrate.push(bitrate);
    Ok(())
  }
  fn start(&mut self, frame: &Frame, key: bool, to: Block) -> Result<(), HostError> {
    self.begin(frame, key, to)
  }
  fn abort(&mut self) {
    JpegDecoder::abort(self);
  }
}

const GRAY: &str = "video/x-raw, format=(string)GRAY8, width=(int)16, height=(int)8, framerate=(fraction)0/1";

fn decoder() -> (Device, HwJpegDec<'static, Device>) {
  let device = Device::new();
  let mut e = HwJpegDec::new(device.clone(), device.outcomes, &NoCache);
  e.configure(0, "image/jpeg, width=(int)16, height=(int)8").unwrap();
  assert_eq!(e.configure(1, GRAY), Ok(128));
  (device, e)
}

fn summary(all: &[Completion]) -> Vec<(u32, Completed, i32, u32)> {
  all.iter().map(|c| (c.token, c.kind, c.result, c.flags)).collect()
}

#[test]
fn a_picture_in_stretches_is_decoded_into_a_block() {
  let (device, mut e) = decoder();
  let mut host = Host::new();
  let jpeg = jpeg();
  let (first, _) = host.frame_with(&mut e, &[&jpeg[..7], &jpeg[7..75], &jpeg[75..]], 0, 40);
  host.poll(&mut e);
  assert!(!device.is_busy(), "there is no block yet");
  assert_eq!(e.allowance(Op::Frame), None, "which is no fault of the device's");
  let (credit, block) = host.credit(&mut e, 1, 128);
  host.credit(&mut e, 1, 128);
  assert_eq!(host.poll(&mut e), []);
  assert_eq!(e.allowance(Op::Frame), Some(2_000_000_000));
  let (second, _) = host.frame_with(&mut e, &[&jpeg], 0, 80);
  let wakes = host.wakes.count();
  device.decoded();
  assert_eq!(host.wakes.count(), wakes + 1);
  let got = host.poll(&mut e);
  assert_eq!(summary(&got), [(credit, Completed::Data, 128, frame_flag::KEY), (first, Completed::Result, 0, 0)]);
  assert_eq!((got[0].pts, got[0].dts), (40, NONE));
  let points = host.linear.bytes(block, 128);
  assert!((0..128).all(|i| points[i] == if i % 16 < 8 { 74 } else { 173 }), "{points:?}");
  assert!(host.linear.is_whole(block, 128));
  // The next one was begun at once.
  device.decoded();
  assert_eq!(host.poll(&mut e).last().map(result), Some((second, 0)));
  assert_eq!((reading(&e, "decoded"), reading(&e, "errors")), (2, 0));
}

#[test]
fn damaged_pictures_are_left_out_and_counted_until_there_are_too_many() {
  let (device, mut e) = decoder();
  let mut host = Host::new();
  set(&mut e, "max-errors", Value::Int(2));
  let (credit, _) = host.credit(&mut e, 1, 128);
  host.frame(&mut e, &[b"no picture"]).1.unwrap();
  // One of another size than the caps', whose points would not fit.
  let jpeg = jpeg();
  let at = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
  let mut large = jpeg.clone();
  large[at + 5..at + 9].copy_from_slice(&[4, 0, 4, 0]);
  host.frame(&mut e, &[&large]).1.unwrap();
  assert_eq!(summary(&host.poll(&mut e)), [(2, Completed::Result, 0, 0), (3, Completed::Result, 0, 0)]);
  assert!(!device.is_busy());
  host.frame(&mut e, &[&jpeg]).1.unwrap();
  host.poll(&mut e);
  device.decoded();
  let got = host.poll(&mut e);
  assert_eq!(data(&got[0]), (credit, 128, frame_flag::KEY | frame_flag::DISCONT));
  assert_eq!(reading(&e, "errors"), 2);
  // What the device finds counts as well; the third in a row ends the pipeline.
  host.credit(&mut e, 1, 128);
  let cut = &jpeg[..at + 30];
  let mut results = vec![];
  for _ in 0..3 {
    host.frame(&mut e, &[cut]).1.unwrap();
    host.poll(&mut e);
    device.decoded();
    results.extend(host.poll(&mut e).iter().map(|c| c.result));
  }
  assert_eq!(results, [0, 0, HostError::Io as i32]);
}

#[test]
fn a_drain_ends_behind_all_that_went_in() {
  let (device, mut e) = decoder();
  let mut host = Host::new();
  host.frame(&mut e, &[&jpeg()]).1.unwrap();
  host.frame(&mut e, &[&jpeg()]).1.unwrap();
  let drain = host.drain(&mut e, 0);
  host.credit(&mut e, 1, 128);
  host.poll(&mut e);
  device.decoded();
  assert_eq!(host.poll(&mut e).len(), 2);
  host.credit(&mut e, 1, 128);
  host.poll(&mut e);
  device.decoded();
  host.room = 1;
  let mut kinds = vec![];
  while host.pending() > 0 {
    kinds.extend(host.poll(&mut e).iter().map(|c| (c.token == drain, c.kind)));
  }
  assert_eq!(kinds, [(false, Completed::Data), (false, Completed::Result), (true, Completed::End)]);
}

#[test]
fn what_is_cancelled_or_flushed_stops_the_device() {
  let (device, mut e) = decoder();
  let mut host = Host::new();
  let (first, _) = host.frame(&mut e, &[&jpeg()]);
  let (second, _) = host.frame(&mut e, &[&jpeg()]);
  let (credit, _) = host.credit(&mut e, 1, 128);
  host.poll(&mut e);
  // An outcome that was on its way is void with the rest.
  device.end(Ok(128), true);
  e.cancel(first);
  let cancelled = HostError::Cancelled as i32;
  assert_eq!(host.poll(&mut e).iter().map(result).collect::<Vec<_>>(), [(first, cancelled)]);
  assert_eq!(device.bench.borrow().aborts, 1);
  assert!(device.is_busy(), "the second frame has its turn");
  e.flush(7);
  assert_eq!(host.poll(&mut e).iter().map(result).collect::<Vec<_>>(), [(second, cancelled)]);
  host.frame(&mut e, &[&jpeg()]).1.unwrap();
  host.poll(&mut e);
  device.decoded();
  let got = host.poll(&mut e);
  assert_eq!((data(&got[0]).0, got[0].epoch), (credit, 7));
  host.frame(&mut e, &[&jpeg()]).1.unwrap();
  host.credit(&mut e, 1, 128);
  host.drain(&mut e, 0);
  host.poll(&mut e);
  assert_eq!(host.cancel_all(&mut e).len(), 3);
  assert!(!device.is_busy());
}

const NV12: &str = "video/x-raw, format=(string)NV12, width=(int)8, height=(int)2, framerate=(fraction)30/1";
const H264: &str = "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au, width=(int)8, height=(int)2";

fn encoder(properties: &[(&str, i64)]) -> (Device, HwH264Enc<'static, Device>) {
  let device = Device::new();
  let mut e = HwH264Enc::new(device.clone(), device.outcomes, &NoCache);
  set(&mut e, "max-size", Value::Int(1024));
  properties.iter().for_each(|(name, value)| set(&mut e, name, Value::Int(*value)));
  e.configure(0, NV12).unwrap();
  assert_eq!(e.configure(1, H264), Ok(1024));
  (device, e)
}

/// Sends a picture through; whether what came is a key, and its flags.
fn encode(host: &mut Host, e: &mut HwH264Enc<'static, Device>, device: &Device, pts: i64) -> (bool, u32) {
  let (token, block) = host.credit(e, 1, 1024);
  host.frame_with(e, &[&[pts as u8; 24]], 0, pts).1.unwrap();
  host.poll(e);
  device.encoded();
  let got = host.poll(e);
  assert_eq!((data(&got[0]).0, got[0].pts, got[0].dts), (token, pts, pts));
  let bytes = host.linear.bytes(block, 2);
  assert_eq!(bytes[0], pts as u8);
  (bytes[1] == 1, data(&got[0]).2)
}

#[test]
fn keys_come_first_when_due_and_when_asked_for() {
  let (device, mut e) = encoder(&[("key-int-max", 4)]);
  let mut host = Host::new();
  let mut keys: Vec<bool> = (0..6).map(|t| encode(&mut host, &mut e, &device, t).0).collect();
  e.event(Upstream::ForceKeyUnit { pad: 1, at: NONE });
  keys.extend((6..8).map(|t| encode(&mut host, &mut e, &device, t).0));
  e.event(Upstream::ForceKeyUnit { pad: 1, at: 9 });
  keys.extend((8..11).map(|t| encode(&mut host, &mut e, &device, t).0));
  let expected = [true, false, false, false, true, false, true, false, false, true, false];
  assert_eq!(keys, expected);
  assert_eq!((reading(&e, "encoded"), reading(&e, "keys")), (11, 4));
}

#[test]
fn a_key_that_is_asked_for_while_another_is_made_comes_as_well() {
  let (device, mut e) = encoder(&[]);
  let mut host = Host::new();
  host.credit(&mut e, 1, 1024);
  host.frame_with(&mut e, &[&[1; 24]], 0, 1).1.unwrap();
  host.poll(&mut e);
  e.event(Upstream::ForceKeyUnit { pad: 1, at: NONE });
  device.encoded();
  host.poll(&mut e);
  assert!(encode(&mut host, &mut e, &device, 2).0);
  assert!(!encode(&mut host, &mut e, &device, 3).0);
}

#[test]
fn a_picture_too_large_for_a_block_is_left_out_and_a_key_follows() {
  let (device, mut e) = encoder(&[]);
  let mut host = Host::new();
  encode(&mut host, &mut e, &device, 1);
  for result in [Err(HostError::NoSpace), Ok(1025)] {
    let credit = host.credit(&mut e, 1, 1024).0;
    let (frame, _) = host.frame_with(&mut e, &[&[9; 24]], 0, 2);
    host.poll(&mut e);
    device.end(result, false);
    assert_eq!(summary(&host.poll(&mut e)), [(frame, Completed::Result, 0, 0)]);
    e.cancel(credit);
    host.poll(&mut e);
    let (key, flags) = encode(&mut host, &mut e, &device, 3);
    assert_eq!((key, flags), (true, frame_flag::KEY | frame_flag::DISCONT));
  }
  assert_eq!(reading(&e, "errors"), 2);
  // Any other failure of the encoder ends the pipeline.
  host.credit(&mut e, 1, 1024);
  let (frame, _) = host.frame_with(&mut e, &[&[9; 24]], 0, 4);
  host.poll(&mut e);
  device.end(Err(HostError::Io), false);
  assert_eq!(host.poll(&mut e).iter().map(result).collect::<Vec<_>>(), [(frame, HostError::Io as i32)]);
}

#[test]
fn the_bitrate_changes_while_it_runs() {
  let (device, mut e) = encoder(&[("bitrate", 500)]);
  set(&mut e, "bitrate", Value::Int(700));
  assert_eq!(device.bench.borrow().bitrate, [500, 700]);
  let mut host = Host::new();
  assert_eq!(host.frame(&mut e, &[&[0; 23]]).1, Err(HostError::Invalid), "a picture of another size");
}

#[test]
fn closing_stops_the_device_whatever_is_pending() {
  let (device, mut e) = decoder();
  let mut host = Host::new();
  host.frame(&mut e, &[&jpeg()]).1.unwrap();
  host.credit(&mut e, 1, 128);
  host.poll(&mut e);
  device.end(Ok(128), true);
  e.close();
  assert_eq!(device.bench.borrow().aborts, 1);
  let mut host = Host::new();
  e.configure(1, GRAY).unwrap();
  host.frame(&mut e, &[&jpeg()]).1.unwrap();
  host.credit(&mut e, 1, 128);
  assert_eq!(host.poll(&mut e), [], "the outcome of before is void");
}

#[test]
fn elements_are_as_their_tables_say() {
  let (_, mut e) = decoder();
  table::check(&mut e, "hwjpegdec");
  let caps = GRAY.replace("height=(int)8", "height=(int)6");
  assert_eq!(e.configure(1, &caps), Ok(table::block("hwjpegdec", &[("frame-bytes", 96)], &[])));
  assert_eq!(e.configure(1, &caps.replace("GRAY8", "NV12")), Err(HostError::Unsupported));
  assert_eq!(e.configure(1, &caps.replace("(int)16", "(int)12")), Err(HostError::Invalid));
  let (_, mut e) = encoder(&[]);
  table::check(&mut e, "hwh264enc");
  set(&mut e, "max-size", Value::Int(5000));
  assert_eq!(e.configure(1, H264), Ok(table::block("hwh264enc", &[], &[("max-size", 5000)])));
}

#[test]
fn operations_in_any_order_end_once() {
  for seed in 0..100 {
    let (device, mut e) = decoder();
    set(&mut e, "max-errors", Value::Int(-1));
    storm(&mut Random(seed), &mut Host::new(), &mut e, Some((1, 128)), Some(&jpeg()), &mut |random, _| match random
      .below(3)
    {
      _ if !device.is_busy() => {}
      0 => device.end(Err(HostError::Io), false),
      1 => device.end(Ok(random.below(200) as u32), true),
      _ => device.decoded(),
    });
    assert!(!device.is_busy());
  }
}
