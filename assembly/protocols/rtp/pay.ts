import { random } from "../../abi/imports";
import { Owner, allocZero, free } from "../../base/heap";
import { capsOf, capsUnref } from "../../caps/caps";
import { blockUnref, newBlock } from "../../core/block";
import { Frame, FrameFlag, frameUnref } from "../../core/frame";
import { Slices } from "../../core/slices";
import { NONE } from "../../core/time";
import { Prop } from "../../generated/elements/rtppcmupay";
import { Code } from "../../generated/errors";
import { Atom } from "../../generated/words";
import { failMemory } from "../../graph/bus";
import { Element, ElementFlag, push } from "../../graph/element";
import { negotiate } from "../../graph/negotiate";
import { acceptedCaps } from "../../graph/relation";
import { RTPSENDER_SIZE, RtpSender } from "./basepay";
import { RTP_HEADER } from "./header";

/**
 * What all payloaders have in common: media is held as slices of what came in, and a packet is a header in front of the
 * first of it. Their tables begin with the same properties in the same order, those of rtppcmupay.
 */
@unmanaged
export class RtpPay extends Element {
  held_items: usize;
  held_count: u32;
  held_room: u32;
  held_size: u32;
  sender: RtpSender;
  /** The next packet comes after a break. */
  broken: bool;

  /** Media that has come and not gone. */
  @inline
  get held(): Slices {
    return changetype<Slices>(changetype<usize>(this) + offsetof<RtpPay>("held_items"));
  }
}

const RANDOM: usize = memory.data(12, 4);

/** The largest value of a property without a sign asks for a random one. */
const ANY: i64 = 0xffffffff;

/** To be called at start: chooses the numbers that the stream begins with. 0, or a Code after an error was posted. */
export function startPay(self: RtpPay): i32 {
  const p = allocZero(RTPSENDER_SIZE, Owner.Element);
  if (!p) {
    failMemory(self);
    return Code.NoMemory;
  }
  const sender = changetype<RtpSender>(p);
  self.sender = sender;
  const ssrc = self.propInt(Prop.ssrc);
  const sequence = self.propInt(Prop.seqnum_offset);
  const timestamp = self.propInt(Prop.timestamp_offset);
  random(RANDOM, 12);
  sender.begin(
    ssrc == ANY ? load<u32>(RANDOM) : <u32>ssrc,
    // The upper half is left free, so that the first wrap is not near (RFC 3711 3.3.1).
    sequence < 0 ? load<u32>(RANDOM, 4) & 0x7fff : <u32>sequence,
    timestamp == ANY ? load<u32>(RANDOM, 8) : <u32>timestamp,
  );
  sender.payloadType = <u32>self.propInt(Prop.pt);
  sender.perfect = self.propBool(Prop.perfect_rtptime);
  self.broken = true;
  return 0;
}

/** To be called at stop. */
export function stopPay(self: RtpPay): void {
  self.held.release();
  free(changetype<usize>(self.sender));
  self.sender = changetype<RtpSender>(0);
}

/**
 * Negotiates the packets' caps: the payload type of the property, or with the standard one any that downstream asks for.
 * Where a number is random, one that downstream asks for takes its place before the first packet.
 * @param media, encoding atoms
 * @param standard payload type (RFC 3551 6), 128 for none
 * @returns false after an error was posted
 */
export function negotiatePay(self: RtpPay, media: u32, encoding: u32, clockRate: u32, standard: u32): bool {
  const src = self.src!;
  const sender = self.sender;
  sender.clockRate = clockRate;
  if (!src.caps) {
    const wanted = acceptedCaps(src);
    const ssrc = wanted.getUint(Atom.ssrc);
    const sequence = wanted.getUint(Atom.seqnum_offset);
    const timestamp = wanted.getUint(Atom.timestamp_offset);
    capsUnref(wanted);
    sender.begin(
      ssrc >= 0 && self.propInt(Prop.ssrc) == ANY ? <u32>ssrc : sender.ssrc,
      sequence >= 0 && self.propInt(Prop.seqnum_offset) < 0 ? <u32>sequence : sender.first,
      timestamp >= 0 && self.propInt(Prop.timestamp_offset) == ANY ? <u32>timestamp : sender.timestampBase,
    );
  }
  const type = <u32>self.propInt(Prop.pt);
  const offered = capsOf(Atom.application_x_rtp).setString(Atom.media, media).setInt(Atom.payload, type);
  offered.setInt(Atom.clock_rate, clockRate).setString(Atom.encoding_name, encoding).setUint(Atom.ssrc, sender.ssrc);
  offered.setUint(Atom.timestamp_offset, sender.timestampBase).setUint(Atom.seqnum_offset, sender.first);
  if (type == standard) {
    const other = offered.addCopy(offered.at(0));
    const slot = other ? other.slot(Atom.payload) : null;
    if (slot) slot.setRange(96, 127, 1);
  }
  const ok = negotiate(src, offered);
  capsUnref(offered);
  if (ok) sender.payloadType = src.caps!.getInt(Atom.payload, type);
  else self.set(ElementFlag.Failed);
  return ok;
}

/**
 * Sends media as a packet: the header comes in front of it.
 * @param packet has the bytes, times and capture of the media, no metas, and one reference, which is used up
 * @param ticks media sent before it, ticks of the clock rate, or -1
 */
export function sendPacket(self: RtpPay, packet: Frame, ticks: i64, marker: bool): void {
  const head = newBlock(RTP_HEADER);
  const ok = head != null && packet.slices.prepend(head.data, head, RTP_HEADER);
  if (head) blockUnref(head);
  if (!ok) {
    frameUnref(packet);
    failMemory(self);
    return;
  }
  const sender = self.sender;
  const timestamp = sender.stamp(self.sink!.segment.runningTime(packet.pts), ticks);
  store<i64>(self.slot(Prop.seqnum), sender.sequence);
  store<i64>(self.slot(Prop.timestamp), timestamp);
  sender.emit(head!.data, marker);
  packet.flags = self.broken ? FrameFlag.Key | FrameFlag.Discont : FrameFlag.Key;
  self.broken = false;
  packet.dts = NONE;
  packet.offset = -1;
  packet.sequence = sender.sequence;
  push(self.src!, packet);
}
