import "../symbols.js";
import { HostFault } from "../core/errors.js";
import { timeOf } from "../core/time.js";
import type { HandleTable, MemoryHandle } from "./handles.js";

/** Bytes of a frame record; see DESIGN.md, "Host elements". */
export const FRAME_RECORD = 80;

/**
 * A frame that a host element holds. Its bytes lie in the core's memory: the views are valid until `release`, or until the
 * pipeline is stopped. Times are ns.
 */
export class InputFrame {
  /** Sink pad it came in on. */
  readonly pad: number;
  /** FrameFlag bits. */
  readonly flags: number;
  readonly pts: bigint | null;
  readonly dts: bigint | null;
  readonly duration: bigint | null;
  /** When its first byte was captured, on the host's clock. */
  readonly capture: bigint | null;
  /** When to show it, on the host's clock. */
  readonly due: bigint | null;
  /** Bytes. */
  readonly size: number;
  /** When it is shown, counted from the start of playing; null outside the segment. */
  readonly running: bigint | null;
  /** Counts the frames of the source. */
  readonly sequence: number;
  private readonly stretches: Uint8Array[] = [];
  private readonly domain: MemoryHandle | null;
  private joined: Uint8Array | null = null;
  private held = true;

  /**
   * Reads a frame record.
   * @param done called once, when the frame is released
   */
  constructor(
    u8: Uint8Array,
    view: DataView,
    at: number,
    handles: HandleTable,
    private readonly done: () => void,
  ) {
    this.pad = view.getUint32(at, true);
    this.flags = view.getUint32(at + 4, true);
    this.pts = timeOf(view.getBigInt64(at + 8, true));
    this.dts = timeOf(view.getBigInt64(at + 16, true));
    this.duration = timeOf(view.getBigInt64(at + 24, true));
    this.capture = timeOf(view.getBigInt64(at + 32, true));
    this.due = timeOf(view.getBigInt64(at + 40, true));
    this.size = view.getUint32(at + 48, true);
    const handle = view.getInt32(at + 52, true);
    const count = view.getUint32(at + 56, true);
    const pairs = view.getUint32(at + 60, true);
    this.sequence = view.getUint32(at + 64, true);
    this.running = timeOf(view.getBigInt64(at + 72, true));
    this.domain = handle ? handles.get(handle) : null;
    for (let i = 0; i < count; i++) {
      const address = view.getUint32(pairs + 8 * i, true);
      this.stretches.push(u8.subarray(address, address + view.getUint32(pairs + 8 * i + 4, true)));
    }
  }

  /** Whether the frame was given back. */
  get released(): boolean {
    return !this.held;
  }

  /** The bytes as they lie: views, one behind the other. */
  get parts(): readonly Uint8Array[] {
    this.check();
    return this.stretches;
  }

  /** The bytes in one piece: a view where they lie in one, else a copy that is made once. */
  get data(): Uint8Array {
    this.check();
    if (this.stretches.length === 1) return this.stretches[0];
    return (this.joined ??= this.copy());
  }

  /** A copy of the bytes, which stays. */
  copy(): Uint8Array {
    this.check();
    const out = new Uint8Array(this.size);
    let at = 0;
    for (const s of this.stretches) {
      out.set(s, at);
      at += s.length;
    }
    return out;
  }

  /** The memory of a frame in another domain, whose reference is the core's; null for bytes. */
  get handle(): MemoryHandle | null {
    this.check();
    return this.domain;
  }

  /** Gives the frame back; its views are of no use from now on. A second time does nothing. */
  release(): void {
    if (!this.held) return;
    this.held = false;
    this.stretches.length = 0;
    this.joined = null;
    this.done();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  private check(): void {
    if (!this.held) throw new HostFault("the frame was released; copy what has to stay");
  }
}
