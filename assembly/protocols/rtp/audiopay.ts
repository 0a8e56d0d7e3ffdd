import { TIMELINE_SIZE, Timeline } from "../../audio/timeline";
import { Owner, allocZero, free } from "../../base/heap";
import { Event, EventType } from "../../core/event";
import { Frame, FrameFlag, frameUnref, newFrame } from "../../core/frame";
import { appendSlices } from "../../core/slices";
import { NONE, SECOND, scaleFloor } from "../../core/time";
import { Prop } from "../../generated/elements/rtppcmupay";
import { Code } from "../../generated/errors";
import { Atom } from "../../generated/words";
import { failMemory } from "../../graph/bus";
import { Element, ElementFlag, Work, room } from "../../graph/element";
import { handleEvent, passAsTime } from "../../graph/filter";
import { asEvent, asFrame, isEvent, take } from "../../graph/link";
import { Pad } from "../../graph/pad";
import { pipeline, spend } from "../../graph/pipeline";
import { FRAMING_SIZE, Framing } from "./framing";
import { RtpPay, negotiatePay, sendPacket, startPay, stopPay } from "./pay";

/**
 * A payloader of sound whose bytes are samples at a fixed rate. Packets are cut as GStreamer's are: a frame that may be a
 * packet becomes one; otherwise bytes are gathered, and what is left goes out at a break and at the end.
 */
@unmanaged
export class AudioPay extends RtpPay {
  framing: Framing;
  encoding: u32;
  standard: u32;
  bytesPerSecond: u32;
  /** Media that was sent, bytes, with the gaps between. */
  sent: i64;
  /** Times of what is held, in bytes. */
  timeline: Timeline;
  /** When the first frame of what is held was captured, ns or NONE. */
  capture: i64;
  /** The last packet: its time, and what had been sent before it. */
  lastTime: i64;
  lastSent: i64;
}

/**
 * @param encoding atom of the encoding's name
 * @param standard payload type
 * @returns 0, or a Code after an error was posted
 */
export function startAudioPay(self: AudioPay, encoding: u32, standard: u32): i32 {
  const code = startPay(self);
  if (code) return code;
  const p = allocZero(TIMELINE_SIZE + FRAMING_SIZE, Owner.Element);
  if (!p) {
    failMemory(self);
    return Code.NoMemory;
  }
  self.timeline = changetype<Timeline>(p);
  self.timeline.setRate(8000);
  self.framing = changetype<Framing>(p + TIMELINE_SIZE);
  self.encoding = encoding;
  self.standard = standard;
  self.bytesPerSecond = 8000;
  self.sent = 0;
  self.lastSent = 0;
  resetTimes(self);
  return frameAudio(self, 0);
}

export function stopAudioPay(e: Element): void {
  const self = changetype<AudioPay>(e);
  stopPay(self);
  free(changetype<usize>(self.timeline));
  self.timeline = changetype<Timeline>(0);
  self.framing = changetype<Framing>(0);
}

function resetTimes(self: AudioPay): void {
  self.timeline.reset(NONE);
  self.capture = NONE;
  self.lastTime = NONE;
}

/** To be called when a property has changed: the lengths of packets follow. */
export function frameAudio(e: Element, property: u32): i32 {
  const self = changetype<AudioPay>(e);
  if (!changetype<usize>(self.framing)) return 0;
  self.framing.set(
    1,
    self.bytesPerSecond,
    <u32>e.propInt(Prop.mtu),
    e.propInt(Prop.min_ptime),
    e.propInt(Prop.max_ptime),
    e.propInt(Prop.ptime_multiple),
  );
  return 0;
}

/** Everything in flight is void. */
export function flushAudioPay(e: Element, pad: Pad): void {
  const self = changetype<AudioPay>(e);
  self.held.clear();
  resetTimes(self);
  self.broken = true;
}

export function audioPayEvent(e: Element, pad: Pad, event: Event): bool {
  const self = changetype<AudioPay>(e);
  switch (event.type) {
    case EventType.Caps:
      drain(self);
      self.bytesPerSecond = <u32>event.caps!.getInt(Atom.rate, 8000);
      self.timeline.setRate(self.bytesPerSecond);
      frameAudio(e, 0);
      negotiatePay(self, Atom.audio, self.encoding, self.bytesPerSecond, self.standard);
      return true;
    case EventType.Segment:
      drain(self);
      self.sender.resync();
      resetTimes(self);
      if (!passAsTime(e, pad)) return false;
      // Bytes without times are counted from their start.
      self.timeline.reset(0);
      return true;
    case EventType.Gap:
    case EventType.Eos:
      drain(self);
      return false;
    default:
      return false;
  }
}

export function payAudio(e: Element): i32 {
  const self = changetype<AudioPay>(e);
  const pad = e.sink!;
  const link = pad.link;
  if (!link) return Work.Idle;
  while (!e.has(ElementFlag.Failed)) {
    const n = self.held.size ? self.framing.next(self.held.size) : 0;
    if ((!n && link.head == link.tail) || !room(e.src!)) return Work.Idle;
    if (pipeline().budget <= 0) return Work.Again;
    spend(1);
    if (n) {
      send(self, n, null);
      continue;
    }
    const packet = take(link);
    if (isEvent(packet)) handleEvent(e, pad, asEvent(packet));
    else hold(self, asFrame(packet));
  }
  return Work.Idle;
}

/** Takes a frame in; what was held before a break goes out first. */
function hold(self: AudioPay, f: Frame): void {
  if (f.has(FrameFlag.Discont)) {
    drain(self);
    skip(self, f.pts);
    self.broken = true;
  }
  const held = self.held;
  const at = held.size;
  self.timeline.mark(f.pts, at);
  if (!at) {
    // A frame that is a packet as it is needs no other.
    if (f.refs == 1 && !f.metas && self.framing.next(f.size) == f.size) {
      send(self, f.size, f);
      return;
    }
    self.capture = f.capture;
  }
  if (!appendSlices(held, f.slices, 0, f.size)) failMemory(self);
  frameUnref(f);
}

/** Counts what is missing between the last packet and media at a time as if it had been sent. */
function skip(self: AudioPay, pts: i64): void {
  if (pts == NONE || self.lastTime == NONE || pts <= self.lastTime) return;
  self.sent = self.lastSent + scaleFloor(pts - self.lastTime, self.bytesPerSecond, SECOND);
}

/** Sends what is held, however little. */
function drain(self: AudioPay): void {
  if (self.held.size) send(self, self.held.size, null);
}

/** Sends the first `bytes` of what is held, or a frame that has them and no metas, and that nobody else holds. */
function send(self: AudioPay, bytes: u32, media: Frame | null): void {
  const packet = media ? media : takeHeld(self, bytes);
  if (!packet) return;
  const t = self.timeline;
  const sent = self.sent;
  packet.pts = t.first;
  packet.duration = t.lasts(bytes);
  self.lastTime = packet.pts;
  self.lastSent = sent;
  self.sent = sent + bytes;
  t.advance(bytes);
  sendPacket(self, packet, sent, self.broken);
}

/** The first `bytes` of what is held, as a frame; null after an error was posted. */
function takeHeld(self: AudioPay, bytes: u32): Frame | null {
  const f = newFrame();
  if (f && self.held.moveTo(f.slices, bytes)) {
    f.capture = self.capture;
    return f;
  }
  if (f) frameUnref(f);
  failMemory(self);
  return null;
}
