import { Owner, allocZero, free } from "../../base/heap";
import { Event } from "../../core/event";
import { Frame, FrameFlag, frameUnref, newFrame } from "../../core/frame";
import { appendSlices } from "../../core/slices";
import { NONE } from "../../core/time";
import { Post } from "../../generated/abi";
import { Prop } from "../../generated/elements/rtppcmudepay";
import { Code } from "../../generated/errors";
import { Atom } from "../../generated/words";
import { addInt, beginReport, failMemory, isTold, sendMessage } from "../../graph/bus";
import { Element } from "../../graph/element";
import { filterWork } from "../../graph/filter";
import { Pad } from "../../graph/pad";
import { Arrival, RTPRECEIVER_SIZE, RtpReceiver } from "./basedepay";
import { RTPHEADER_SIZE, RTP_LOOK, RtpFault, RtpHeader } from "./header";

/**
 * What all depayloaders have in common: a frame is a packet, its payload is slices of it. Their tables begin with the same
 * properties in the same order, those of rtppcmudepay.
 */
@unmanaged
export class RtpDepay extends Element {
  receiver: RtpReceiver;
  /** What the caps say that packets are, or -1. */
  payloadType: i32;
  /** (e: RtpDepay, packet: Frame, h: RtpHeader, payload: Frame): void, which owns the last: payload, times and flags are set */
  take: u32;
  warnings: u32;
}

const HEADER: usize = memory.data(RTPHEADER_SIZE, 4);
const LOOK: usize = memory.data(RTP_LOOK, 4);

/** To be called at start; 0, or a Code after an error was posted. */
export function startDepay(self: RtpDepay, take: u32): i32 {
  const p = allocZero(RTPRECEIVER_SIZE, Owner.Element);
  if (!p) {
    failMemory(self);
    return Code.NoMemory;
  }
  self.receiver = changetype<RtpReceiver>(p);
  self.receiver.reset();
  self.receiver.clockRate = 8000;
  self.payloadType = -1;
  self.take = take;
  self.warnings = 0;
  store<i64>(self.slot(Prop.lost), 0);
  store<i64>(self.slot(Prop.late), 0);
  store<i64>(self.slot(Prop.dropped), 0);
  return 0;
}

export function stopDepay(e: Element): void {
  const self = changetype<RtpDepay>(e);
  free(changetype<usize>(self.receiver));
  self.receiver = changetype<RtpReceiver>(0);
}

/** Everything in flight is void. */
export function flushDepay(e: Element, pad: Pad): void {
  changetype<RtpDepay>(e).receiver.reset();
}

export function depay(e: Element): i32 {
  return filterWork(e, chain.index);
}

/** Reads what caps say of the packets: payload type and clock rate. */
export function readCaps(self: RtpDepay, event: Event): void {
  const caps = event.caps!;
  self.payloadType = caps.getInt(Atom.payload, -1);
  self.receiver.clockRate = <u32>max<i32>(caps.getInt(Atom.clock_rate, 8000), 1);
  // Another clock counts from elsewhere.
  self.receiver.reset();
}

function count(self: RtpDepay, property: u32): void {
  store<i64>(self.slot(property), self.propInt(property) + 1);
}

function chain(e: Element, pad: Pad, packet: Frame): void {
  const self = changetype<RtpDepay>(e);
  const h = changetype<RtpHeader>(HEADER);
  const size = packet.size;
  const n = min<u32>(size, RTP_LOOK);
  let look = packet.slices.stretch(0, n);
  if (!look) {
    look = LOOK;
    packet.slices.copyOut(0, look, n);
  }
  const fault = h.parse(look, size, size ? packet.slices.byteAt(size - 1) : 0);
  if (fault != RtpFault.None) {
    count(self, Prop.dropped);
    warn(self, packet, fault);
    frameUnref(packet);
    return;
  }
  if (self.payloadType >= 0 && h.payloadType != self.payloadType) {
    // Another kind of media on the same port, as telephone events are (RFC 4733): it has its place in the sequence.
    self.receiver.pass(h);
    count(self, Prop.dropped);
    frameUnref(packet);
    return;
  }
  const arrival = self.receiver.accept(h, packet.has(FrameFlag.Discont), <u32>self.propInt(Prop.max_reorder));
  store<i64>(self.slot(Prop.lost), self.receiver.lost);
  store<i64>(self.slot(Prop.late), self.receiver.late);
  if (arrival == Arrival.Late) {
    frameUnref(packet);
    return;
  }
  const out = newFrame();
  if (!out || !appendSlices(out.slices, packet.slices, h.size, h.payload)) {
    if (out) frameUnref(out);
    frameUnref(packet);
    failMemory(e);
    return;
  }
  out.flags = (packet.flags & FrameFlag.Corrupt) | (arrival == Arrival.InOrder ? 0 : FrameFlag.Discont);
  out.pts = self.receiver.timeOf(packet.pts);
  out.offset = packet.offset;
  out.capture = packet.capture;
  out.sequence = h.sequence;
  call_indirect<void>(self.take, self, packet, h, out);
  frameUnref(packet);
}

/** Tells of a packet that is none: the first times, then ever less often. */
function warn(self: RtpDepay, packet: Frame, fault: RtpFault): void {
  if (!isTold(++self.warnings)) return;
  beginReport(self, Code.BadPacket, packet.offset, packet.pts);
  addInt(packet.size);
  addInt(fault);
  sendMessage(Post.Warning);
}
