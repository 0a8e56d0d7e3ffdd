import { SECOND, scaleFloor } from "../../core/time";
import { RTP_HEADER } from "./header";

/**
 * How many bytes of media a packet carries, by GStreamer's rules: whole units, no more than the MTU and the longest
 * duration allow, no fewer than the shortest duration asks for.
 */
@unmanaged
export class Framing {
  /** Bytes of a unit that must not be cut. */
  align: u32;
  least: u32;
  most: u32;

  /**
   * @param unit bytes that must not be cut
   * @param bytesPerSecond of the media
   * @param mtu bytes of the largest packet
   * @param shortest, multiple ns, 0 for none
   * @param longest ns, -1 for none
   */
  set(unit: u32, bytesPerSecond: u32, mtu: u32, shortest: i64, longest: i64, multiple: i64): void {
    const room = mtu > RTP_HEADER ? mtu - RTP_HEADER : 0;
    const align = max<u32>(unit, bytesOf(multiple, bytesPerSecond));
    this.align = align + ((unit - (align % unit)) % unit);
    // What no packet can hold cannot be asked for.
    if (this.align > room) this.align = unit;
    let most = room - (room % this.align);
    if (longest >= 0) {
      const bytes = bytesOf(longest, bytesPerSecond);
      most = min<u32>(most, bytes - (bytes % this.align));
    }
    this.most = max<u32>(most, this.align);
    const least = bytesOf(shortest, bytesPerSecond);
    const up = least + ((this.align - (least % this.align)) % this.align);
    this.least = min<u32>(max<u32>(up, this.align), this.most);
  }

  /** Bytes that the next packet takes of `held`; 0 when they are too few. */
  next(held: u32): u32 {
    if (held < this.least) return 0;
    const n = min<u32>(held, this.most);
    return n - (n % this.align);
  }
}

/** Bytes that a Framing takes inside another record. */
export const FRAMING_SIZE: u32 = offsetof<Framing>();

/** The most bytes that a duration can stand for. */
const MANY: i64 = 0x40000000;

function bytesOf(time: i64, bytesPerSecond: u32): u32 {
  return time <= 0 ? 0 : <u32>min<i64>(scaleFloor(time, bytesPerSecond, SECOND), MANY);
}
