import { NONE, SECOND, scaleFloor } from "../../core/time";
import { putRtpHeader } from "./header";

/**
 * The counters of a stream of packets that is sent: sequence numbers and timestamps as GStreamer's RTP payloaders count
 * them. Times become timestamps rounded down.
 *
 *      0 ssrc
 *      4 payloadType
 *      8 clockRate      ticks a second
 *     12 sequence       of the next packet
 *     16 first          sequence number of the first packet
 *     20 timestampBase  the timestamp at running time 0
 *     24 timestamp      of the last packet
 *     28 perfect        timestamps follow the media that was sent, not its times, from one break to the next
 *     32 baseOffset     media that had been sent where counting began, ticks, or -1
 *     40 baseTime       running time there, ticks
 */
@unmanaged
export class RtpSender {
  ssrc: u32;
  payloadType: u32;
  clockRate: u32;
  sequence: u32;
  first: u32;
  timestampBase: u32;
  timestamp: u32;
  perfect: bool;
  baseOffset: i64;
  baseTime: i64;

  /** Begins a stream; the first packet has these numbers, at running time 0. */
  begin(ssrc: u32, sequence: u32, timestamp: u32): void {
    this.ssrc = ssrc;
    this.sequence = sequence & 0xffff;
    this.first = this.sequence;
    this.timestampBase = timestamp;
    this.timestamp = timestamp;
    this.baseOffset = -1;
    this.baseTime = 0;
  }

  /** Times are to be believed again: the next packet is counted from its own. */
  resync(): void {
    this.baseOffset = -1;
  }

  /**
   * The timestamp of a packet.
   * @param time running time of its media, ns, or NONE
   * @param offset media sent before it, ticks, or -1 when it is not counted
   */
  stamp(time: i64, offset: i64): u32 {
    if (this.perfect && offset >= 0 && this.baseOffset >= 0) {
      this.timestamp = this.timestampBase + <u32>(this.baseTime + offset - this.baseOffset);
    } else if (time != NONE) {
      this.baseTime = scaleFloor(max<i64>(time, 0), this.clockRate, SECOND);
      this.baseOffset = offset;
      this.timestamp = this.timestampBase + <u32>this.baseTime;
    } else {
      // Media without times is counted on from what was sent last.
      this.baseTime = <i64>(this.timestamp - this.timestampBase);
      this.baseOffset = offset;
    }
    return this.timestamp;
  }

  /** Writes the header, RTP_HEADER bytes, of the next packet, with the timestamp that was given last. */
  emit(p: usize, marker: bool): void {
    putRtpHeader(p, marker, this.payloadType, this.sequence, this.timestamp, this.ssrc);
    this.sequence = (this.sequence + 1) & 0xffff;
  }
}

/** Bytes that an RtpSender takes inside another record. */
export const RTPSENDER_SIZE: u32 = offsetof<RtpSender>();
