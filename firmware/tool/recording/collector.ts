import {
  Entry,
  HEAD_SIZE,
  MAGIC,
  RecordingFlag,
  TORN,
  Torn,
  VERSION,
  hashOf,
} from "../../../node-host/src/record/format.js";
import { FieldWriter } from "../../../node-host/src/record/writer.js";
import { ToolError } from "../errors.js";
import type { RecordingPacket } from "./packet.js";

/** How far a packet may be overtaken on the way. */
const OVERTAKEN = 64;

/** Bytes of an entry at most that is kept until it is whole. */
const LONGEST_ENTRY = 1 << 20;

/** What was collected. */
export interface Collected {
  /** Packets that were taken. */
  readonly packets: number;
  /** Bytes of the recording, as the board sent them. */
  readonly bytes: number;
  /** Why it ends here before its run; null when it does not. A mark of the board's own stands in the recording. */
  readonly torn: string | null;
}

/**
 * Makes a recording of the packets that a board sends, with the module in it. Where packets are missing it ends, with a mark
 * that says so: what comes later cannot be repeated.
 */
export class Collector {
  private out: FieldWriter | null = null;
  private session = 0;
  /** The next packet. */
  private next = 0;
  private readonly early = new Map<number, RecordingPacket>();
  /** The beginning of an entry that is not whole yet. */
  private rest = Buffer.alloc(0);
  private torn: string | null = null;
  private ended = false;
  private packets = 0;
  private bytes = 0;
  /** A board was heard that has been running for longer than this. */
  late = false;

  /**
   * @param file the recording
   * @param module that the board runs, without names
   */
  constructor(
    private readonly file: string,
    private readonly module: Uint8Array,
  ) {}

  /** Whether nothing more comes. */
  get over(): boolean {
    return this.ended || this.torn !== null;
  }

  /** Packets that were taken so far. */
  get taken(): number {
    return this.packets;
  }

  /**
   * Takes a packet.
   * @throws {ToolError} when the board runs another module
   */
  add(packet: RecordingPacket): void {
    if (this.over) return;
    if (!this.out) {
      if (packet.sequence !== 0) {
        this.late = true;
        return;
      }
      this.session = packet.session;
    } else if (packet.session !== this.session) {
      // A packet of the start before may still be on its way, but never one with number 0.
      if (packet.sequence === 0) this.tear(Torn.Reset);
      return;
    }
    const ahead = (packet.sequence - this.next) | 0;
    if (ahead < 0) return;
    if (ahead > OVERTAKEN) {
      this.tear(Torn.Lost);
      return;
    }
    this.early.set(packet.sequence, packet);
    for (let p; (p = this.early.get(this.next)); this.next = (this.next + 1) >>> 0) {
      this.early.delete(this.next);
      this.take(p);
    }
  }

  /** Ends the file. */
  finish(): Collected {
    if (this.out && !this.over && this.early.size) this.tear(Torn.Lost);
    this.out?.close();
    this.out = null;
    const { packets, bytes, torn } = this;
    return { packets, bytes, torn };
  }

  private take({ payload, whole, last }: RecordingPacket): void {
    this.packets++;
    this.bytes += payload.length;
    let from = 0;
    if (!this.out) from = this.begin(payload);
    if (whole > from) {
      this.out!.raw(this.rest).raw(payload.subarray(from, whole));
      this.rest = Buffer.from(payload.subarray(whole));
    } else this.rest = Buffer.concat([this.rest, payload.subarray(from)]);
    if (this.rest.length > LONGEST_ENTRY) throw new ToolError("what the board sends is no recording");
    this.ended = last;
  }

  /** Writes the head, which stands in the first packet; how many bytes of it that was. */
  private begin(payload: Uint8Array): number {
    let at = HEAD_SIZE;
    while (payload[at] >= 0x80 && at < HEAD_SIZE + 5) at++;
    at++;
    const head = Buffer.from(payload.subarray(0, HEAD_SIZE));
    const flags = head[MAGIC.length + 1];
    const known = head.subarray(0, MAGIC.length).toString("latin1") === MAGIC && head[MAGIC.length] === VERSION;
    if (payload.length < at || !known || !(flags & RecordingFlag.Image)) {
      throw new ToolError("what the board sends is no recording of a version that this tool knows");
    }
    const hash = head.subarray(HEAD_SIZE - 32).toString("hex");
    if (hash !== Buffer.from(hashOf(this.module)).toString("hex")) {
      throw new ToolError(`the board runs module ${hash.slice(0, 16)}, which is another than that of the image here`);
    }
    this.out = new FieldWriter(this.file);
    this.out.raw(payload.subarray(0, at)).bytes(this.module);
    return at;
  }

  private tear(why: Torn): void {
    this.out?.byte(Entry.Torn).byte(why);
    this.torn = TORN[why];
  }
}
