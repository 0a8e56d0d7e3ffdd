import { AudioFormat, defaultChannelMask } from "../audio/format";
import { AUDIOINFO_SIZE, AudioInfo } from "../audio/info";
import { putFloat, putInteger } from "../audio/sample";
import { OSCILLATOR_SIZE, Oscillator, Scale, TABLE_SIZE, Wave } from "../audio/wave";
import { Owner, alloc, free } from "../base/heap";
import { copyCaps, capsUnref } from "../caps/caps";
import { blockUnref, closeBlockPool } from "../core/block";
import { Event } from "../core/event";
import { FrameFlag, newFrame } from "../core/frame";
import { NONE, SECOND, scaleFloor } from "../core/time";
import { DESCRIPTOR, DESCRIPTOR_LENGTH, Prop } from "../generated/elements/audiotestsrc";
import { Code } from "../generated/errors";
import { Atom } from "../generated/words";
import { BLOCK_ALIGN, blockFor, choosePool } from "../graph/allocation";
import { addInt, beginReport, failMemory, sendError } from "../graph/bus";
import { Element, ElementFlag, Work, push, pushEos, room } from "../graph/element";
import { negotiate } from "../graph/negotiate";
import { Pad } from "../graph/pad";
import { pipeline, spend } from "../graph/pipeline";
import { Query } from "../graph/query";
import { newFactory } from "../registry/factory";
import {
  TimedSource,
  endOf,
  isDue,
  negotiateTimed,
  queryTimed,
  sendSegment,
  setRate,
  setTimedLatency,
  stampFrame,
  startTimed,
  stopTimed,
  timeOf,
  upstreamTimed,
} from "./timedsource";

@unmanaged
class AudioTestSrc extends TimedSource {
  /** An Oscillator and an AudioInfo. */
  oscillator_: u64;

  @inline
  get oscillator(): Oscillator {
    return changetype<Oscillator>(changetype<usize>(this) + offsetof<AudioTestSrc>("oscillator_"));
  }

  @inline
  get audio(): AudioInfo {
    return changetype<AudioInfo>(changetype<usize>(this) + offsetof<AudioTestSrc>("oscillator_") + OSCILLATOR_SIZE);
  }
}

const SIZE: u32 = offsetof<AudioTestSrc>("oscillator_") + OSCILLATOR_SIZE + AUDIOINFO_SIZE;

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, SIZE);
  f.start = start.index;
  f.stop = stop.index;
  f.work = work.index;
  f.query = query.index;
  f.upstream = upstream.index;
  f.changed = changed.index;
}

function start(e: Element): i32 {
  const self = changetype<AudioTestSrc>(e);
  startTimed(self, e.propBool(Prop.is_live));
  memory.fill(changetype<usize>(self.oscillator), 0, OSCILLATOR_SIZE);
  self.oscillator.begin();
  return readProperties(self);
}

function stop(e: Element): void {
  const self = changetype<AudioTestSrc>(e);
  free(self.oscillator.table);
  self.oscillator.table = 0;
  stopTimed(self);
}

function changed(e: Element, property: u32): i32 {
  return e.has(ElementFlag.Started) ? readProperties(changetype<AudioTestSrc>(e)) : 0;
}

/** Takes the properties over; 0, or a Code after an error was posted. */
function readProperties(self: AudioTestSrc): i32 {
  const o = self.oscillator;
  o.wave = <Wave>self.propInt(Prop.wave);
  o.frequency = self.propDouble(Prop.freq);
  o.volume = self.propDouble(Prop.volume);
  o.periods = <u32>self.propInt(Prop.sine_periods_per_tick);
  o.ramped = self.propBool(Prop.apply_tick_ramp);
  o.markerPeriod = <u32>self.propInt(Prop.marker_tick_period);
  o.markerVolume = self.propDouble(Prop.marker_tick_volume);
  const rate = self.audio.rate;
  if (self.begun) o.interval = max<i64>(scaleFloor(self.propInt(Prop.tick_interval), rate, SECOND), 1);
  const count = self.propInt(Prop.num_buffers);
  self.end = count < 0 ? -1 : count * self.propInt(Prop.samplesperbuffer) - self.unitsBefore;
  if (o.wave != Wave.Ticks && o.wave != Wave.SineTable) return 0;
  if (!o.table) o.table = alloc(TABLE_SIZE, Owner.Element);
  if (!o.table) {
    failMemory(self);
    return Code.NoMemory;
  }
  o.fillTable();
  return 0;
}

/** Negotiates and prepares what the caps ask for; false after an error was posted. */
function prepare(self: AudioTestSrc): bool {
  if (!negotiateTimed(self) || !placeChannels(self)) return false;
  const a = self.audio;
  if (!a.fromCaps(self.src!.caps!)) {
    beginReport(self, Code.BadAudio, -1, NONE);
    addInt(a.rate);
    addInt(a.channels);
    sendError(self);
    return false;
  }
  setRate(self, a.rate, 1);
  const o = self.oscillator;
  o.rate = a.rate;
  o.scale = scaleOf(a.format);
  closeBlockPool(self.pool);
  self.pool = null;
  const samples = self.propInt(Prop.samplesperbuffer);
  const bytes = samples * a.frame;
  if (bytes > i32.MAX_VALUE) {
    beginReport(self, Code.SoundTooLarge, -1, NONE);
    addInt(samples);
    addInt(a.channels);
    sendError(self);
    return false;
  }
  self.pool = choosePool(self.src!, <u32>bytes, 1, BLOCK_ALIGN);
  if (!self.pool) {
    failMemory(self);
    return false;
  }
  setTimedLatency(self, timeOf(self, samples) - timeOf(self, 0));
  return readProperties(self) == 0;
}

/** Says where more than two channels are, when nothing downstream has; false after an error was posted. */
function placeChannels(self: AudioTestSrc): bool {
  const caps = self.src!.caps!;
  if (caps.getInt(Atom.channels, 0) < 3 || caps.find(Atom.channel_mask)) return true;
  const placed = copyCaps(caps);
  placed.setMask(Atom.channel_mask, defaultChannelMask(caps.getInt(Atom.channels, 0)));
  const ok = negotiate(self.src!, placed);
  capsUnref(placed);
  return ok;
}

/** What GStreamer makes samples of a format from. */
function scaleOf(format: AudioFormat): Scale {
  switch (format) {
    case AudioFormat.S16LE:
      return Scale.Short;
    case AudioFormat.F32LE:
      return Scale.Float;
    case AudioFormat.F32BE:
    case AudioFormat.F64LE:
    case AudioFormat.F64BE:
      return Scale.Double;
    default:
      return Scale.Int;
  }
}

function work(e: Element): i32 {
  const self = changetype<AudioTestSrc>(e);
  const src = e.src!;
  if (e.has(ElementFlag.Eos)) return Work.Idle;
  if (!self.begun && !prepare(self)) return Work.Idle;
  sendSegment(self);
  while (room(src)) {
    const left = endOf(self) - self.next;
    if (left <= 0) {
      pushEos(e);
      return Work.Idle;
    }
    if (!isDue(self, timeOf(self, self.next)) || !give(self, left)) return Work.Idle;
    if (pipeline().budget <= 0) return Work.Again;
  }
  return Work.Idle;
}

/** Sends the next frame, of at most `left` samples; false when there is no block for it now, or after an error. */
function give(self: AudioTestSrc, left: i64): bool {
  const block = blockFor(self, self.pool!);
  if (!block) return false;
  const n = <u32>min<i64>(left, self.propInt(Prop.samplesperbuffer));
  const bytes = n * self.audio.frame;
  fill(self, block.data, n);
  spend(<i32>(bytes >> 6));
  const f = newFrame();
  if (!f || !f.append(block.data, block, bytes, 0)) {
    blockUnref(block);
    failMemory(self);
    return false;
  }
  blockUnref(block);
  stampFrame(self, f, n, self.propInt(Prop.timestamp_offset), self.propBool(Prop.do_timestamp));
  f.flags |= FrameFlag.Key;
  if (self.discont) f.flags |= FrameFlag.Discont;
  if (self.oscillator.wave == Wave.Silence || self.oscillator.volume == 0.0) f.flags |= FrameFlag.Gap;
  self.discont = false;
  push(self.src!, f);
  return true;
}

/** Fills `n` samples of all channels. */
function fill(self: AudioTestSrc, data: usize, n: u32): void {
  const a = self.audio;
  const o = self.oscillator;
  const bytes: u32 = a.info.bytes;
  const step: u32 = a.planar ? bytes : a.frame;
  const apart: u32 = a.planar ? n * bytes : bytes;
  const common = o.isCommon;
  // GStreamer counts ticks from the end of the frame.
  const first = self.next + n;
  for (let i: u32 = 0; i < n; i++, data += step) {
    let v = 0.0;
    for (let c: u32 = 0; c < a.channels; c++) {
      if (!c || !common) v = o.sample(first + i);
      putSample(a.format, data + c * apart, v);
    }
    o.turn();
  }
}

function putSample(format: AudioFormat, p: usize, v: f64): void {
  if (format == AudioFormat.S16LE) store<i16>(p, <i16>(<i32>v));
  else if (format >= AudioFormat.F32LE) putFloat(format, p, v);
  else putInteger(format, p, <i32>v);
}

function query(e: Element, pad: Pad, q: Query): bool {
  return queryTimed(changetype<AudioTestSrc>(e), q);
}

function upstream(e: Element, pad: Pad, event: Event): bool {
  return upstreamTimed(changetype<AudioTestSrc>(e), event);
}
