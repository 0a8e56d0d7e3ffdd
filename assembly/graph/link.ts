import { Caps, capsUnref } from "../caps/caps";
import { Owner, allocZero, free, make } from "../base/heap";
import { Event, eventUnref } from "../core/event";
import { Frame, frameUnref } from "../core/frame";
import { readyBit, readyWord, setReady } from "../core/ready";
import { failMemory } from "./bus";
import { Pad } from "./pad";

/**
 * A link carries packets from a src pad to a sink pad through a bounded ring. A packet is a frame or, with bit 0 set,
 * an event; whoever holds it owns one reference.
 *
 *      0 head     packets taken
 *      4 tail     packets put
 *      8 mask     slots of the ring - 1
 *     12 limit    packets at which the producer must wait; the ring has room for a few events more
 *     16 ring     address of the slots
 *     20 blocked  the producer found no room and is woken by the next packet taken
 *     24 src      pad
 *     28 sink     pad
 *     32 word     address of the consumer's word in the set of ready elements
 *     36 producer number of the producing element
 *     40 bit      the consumer's bit
 *     48 bytes    that went through
 *     56 frames   that went through
 *     60 allowed  caps that both pads and all that is behind them admit
 *     64 planned  caps that negotiation chose
 */
@unmanaged
export class Link {
  head: u32;
  tail: u32;
  mask: u32;
  limit: u32;
  ring: usize;
  blocked: bool;
  src: Pad;
  sink: Pad;
  word: usize;
  producer: u32;
  bit: u32;
  bytes: u64;
  frames: u32;
  allowed: Caps | null;
  planned: Caps | null;
  /** Number in the current negotiation. */
  mark: i32;
}

/** Slots that a ring has over its limit, for events. */
const SLACK: u32 = 8;

/** The most packets a link may hold. */
export const MAX_LIMIT: u32 = 0x10000;

/** Links two pads; null when the heap has no room. */
export function newLink(src: Pad, sink: Pad, limit: u32): Link | null {
  const l = make<Link>(Owner.Link);
  if (!changetype<usize>(l)) return null;
  if (!setLimit(l, limit)) {
    free(changetype<usize>(l));
    return null;
  }
  l.src = src;
  l.sink = sink;
  src.link = l;
  sink.link = l;
  aim(l);
  return l;
}

/** Notes the numbers of the elements at both ends, after they were given. */
export function aim(l: Link): void {
  l.word = readyWord(l.sink.element.index);
  l.bit = readyBit(l.sink.element.index);
  l.producer = l.src.element.index;
}

/** Changes how many packets the producer may be ahead; false, unchanged, when the heap has no room. */
export function setLimit(l: Link, limit: u32): bool {
  let slots: u32 = 8;
  while (slots < limit + SLACK) slots <<= 1;
  if (l.ring && slots - 1 <= l.mask) {
    l.limit = limit;
    return true;
  }
  const ring = allocZero(slots << 2, Owner.Link);
  if (!ring) return false;
  const n = l.tail - l.head;
  for (let i: u32 = 0; i < n; i++) {
    store<usize>(ring + ((<usize>i) << 2), load<usize>(l.ring + ((<usize>((l.head + i) & l.mask)) << 2)));
  }
  free(l.ring);
  l.ring = ring;
  l.mask = slots - 1;
  l.limit = limit;
  l.head = 0;
  l.tail = n;
  return true;
}

/** Packets in the ring. */
@inline
export function queued(l: Link): u32 {
  return l.tail - l.head;
}

@inline
export function isEvent(packet: usize): bool {
  return (packet & 1) != 0;
}

@inline
export function asFrame(packet: usize): Frame {
  return changetype<Frame>(packet);
}

@inline
export function asEvent(packet: usize): Event {
  return changetype<Event>(packet ^ 1);
}

/** Counts a frame that goes through. */
export function count(l: Link, bytes: u32): void {
  l.frames++;
  l.bytes += bytes;
}

/** Puts a packet in, whatever the limit; grows the ring when events fill the slack. */
@inline
export function put(l: Link, packet: usize): void {
  const t = l.tail;
  if (t - l.head > l.mask) {
    overflow(l, packet);
    return;
  }
  store<usize>(l.ring + ((<usize>(t & l.mask)) << 2), packet);
  l.tail = t + 1;
  store<u32>(l.word, load<u32>(l.word) | l.bit);
}

function overflow(l: Link, packet: usize): void {
  const limit = l.limit;
  const grown = l.mask + 2 <= MAX_LIMIT && setLimit(l, l.mask + 2);
  l.limit = limit;
  if (!grown) {
    // What comes last may be the end, which has to come through.
    const newest = l.ring + ((<usize>((l.tail - 1) & l.mask)) << 2);
    dropPacket(load<usize>(newest));
    store<usize>(newest, packet);
    failMemory(l.src.element);
    return;
  }
  store<usize>(l.ring + ((<usize>(l.tail & l.mask)) << 2), packet);
  l.tail++;
  store<u32>(l.word, load<u32>(l.word) | l.bit);
}

/** The oldest packet, which stays in the ring; the caller has checked that there is one. */
@inline
export function peek(l: Link): usize {
  return load<usize>(l.ring + ((<usize>(l.head & l.mask)) << 2));
}

/** Packet `i` from the oldest. */
@inline
export function peekAt(l: Link, i: u32): usize {
  return load<usize>(l.ring + ((<usize>((l.head + i) & l.mask)) << 2));
}

/** Takes the oldest packet, and wakes a producer that waits for room. */
@inline
export function take(l: Link): usize {
  const h = l.head;
  const packet = load<usize>(l.ring + ((<usize>(h & l.mask)) << 2));
  l.head = h + 1;
  if (l.blocked) {
    l.blocked = false;
    setReady(l.producer);
  }
  return packet;
}

export function dropPacket(packet: usize): void {
  if (isEvent(packet)) eventUnref(asEvent(packet));
  else frameUnref(asFrame(packet));
}

/** Drops all packets. */
export function drainLink(l: Link): void {
  while (l.head != l.tail) dropPacket(take(l));
}

/** Ends a link and leaves both pads unlinked. */
export function freeLink(l: Link): void {
  drainLink(l);
  l.src.link = null;
  l.sink.link = null;
  capsUnref(l.allowed);
  capsUnref(l.planned);
  free(l.ring);
  free(changetype<usize>(l));
}
