import { NONE, ticksToNs } from "../../core/time";
import { RtpHeader } from "./header";
import { extendTimestamp, sequenceDistance } from "./sequence";

/** What a packet is to the stream that it belongs to. */
export const enum Arrival {
  /** The next one. */
  InOrder = 0,
  /** Packets before it are missing, or the stream begins. */
  AfterLoss,
  /** The sender has begun anew. */
  Restart,
  /** It should have come before: to be dropped. */
  Late,
}

/**
 * Follows a stream of packets that is received: finds what is missing and gives times to packets that have none.
 *
 *      0 begun
 *      4 ssrc
 *      8 expected   sequence number of the next packet
 *     12 clockRate  ticks a second
 *     16 lost       packets that never came
 *     24 late       packets that came too late
 *     32 ticks      timestamp of the last packet, counted on over the wrap
 *     40 baseTicks  a timestamp
 *     48 baseTime   and its time, ns, or NONE
 *     56 end        where the last packet ended, ns, or NONE
 */
@unmanaged
export class RtpReceiver {
  begun: bool;
  ssrc: u32;
  expected: u32;
  clockRate: u32;
  lost: u64;
  late: u64;
  ticks: i64;
  baseTicks: i64;
  baseTime: i64;
  end: i64;

  /** Forgets the stream, not the counts of what was lost. */
  reset(): void {
    this.begun = false;
    this.baseTime = NONE;
    this.end = NONE;
  }

  /**
   * Takes a packet in.
   * @param broken the packet is known to come after a break
   * @param reorder how far behind the next sequence number a packet is late; farther behind, the sender has begun anew
   */
  accept(h: RtpHeader, broken: bool, reorder: u32): Arrival {
    let arrival = Arrival.InOrder;
    if (!this.begun) arrival = Arrival.AfterLoss;
    else if (h.ssrc != this.ssrc) arrival = Arrival.Restart;
    else if (broken) arrival = Arrival.AfterLoss;
    else {
      const ahead = sequenceDistance(this.expected, h.sequence);
      if (ahead < 0 && <u32>-ahead <= reorder) {
        this.late++;
        return Arrival.Late;
      }
      if (ahead < 0) arrival = Arrival.Restart;
      else if (ahead > 0) {
        this.lost += ahead;
        arrival = Arrival.AfterLoss;
      }
    }
    if (!this.begun || arrival == Arrival.Restart) {
      this.ticks = h.timestamp;
      this.baseTime = NONE;
    } else this.ticks = extendTimestamp(this.ticks, h.timestamp);
    this.begun = true;
    this.ssrc = h.ssrc;
    this.expected = (h.sequence + 1) & 0xffff;
    return arrival;
  }

  /** Takes note of a packet in the sequence whose media is not for here. */
  pass(h: RtpHeader): void {
    if (this.begun && h.ssrc == this.ssrc && h.sequence == this.expected) this.expected = (h.sequence + 1) & 0xffff;
  }

  /**
   * The time of the packet that was taken in last: its own if it came with one, else counted by the timestamps from the
   * last that had one. A stream without any begins at 0, and one that begins anew where the one before it ended.
   */
  timeOf(pts: i64): i64 {
    if (pts == NONE && this.baseTime != NONE) {
      const time = this.baseTime + ticksToNs(this.ticks - this.baseTicks, this.clockRate);
      if (time >= 0) return time;
    }
    this.baseTicks = this.ticks;
    this.baseTime = pts != NONE ? pts : this.end != NONE ? this.end : 0;
    return this.baseTime;
  }
}

/** Bytes that an RtpReceiver takes inside another record. */
export const RTPRECEIVER_SIZE: u32 = offsetof<RtpReceiver>();
