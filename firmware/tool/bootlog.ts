import { Op } from "../../node-host/src/generated/abi.js";

/** Something the core asked of its host while it was brought to where an image begins. */
export type BootEntry =
  | { kind: "open"; handle: number; spec: Uint8Array }
  | {
      kind: "submit";
      handle: number;
      op: number;
      ptr: number;
      length: number;
      aux: bigint;
      token: number;
      result: number;
      /** What stood at ptr, for operations whose memory is good only during the call. */
      data?: Uint8Array;
    }
  | { kind: "random"; ptr: number; data: Uint8Array };

const OPEN = 1;
const SUBMIT = 2;
const RANDOM = 3;
const HEADER = 32;

/** Whether the memory of an operation's records is good only during `submit`. */
export function isTransient(op: number): boolean {
  return op === Op.Property || op === Op.Configure || op === Op.Event;
}

/**
 * The boot log of an image, little-endian. An entry is kind u16, op u16, handle i32, ptr u32, length u32, aux i64,
 * token u32, result i32, then, for open, random and operations with records, `length` bytes, padded to 4.
 */
export function encodeBootLog(entries: readonly BootEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const e of entries) {
    const data = e.kind === "open" ? e.spec : e.data;
    const part = new Uint8Array(HEADER + (((data?.length ?? 0) + 3) & ~3));
    const v = new DataView(part.buffer);
    v.setUint16(0, e.kind === "open" ? OPEN : e.kind === "submit" ? SUBMIT : RANDOM, true);
    if (e.kind === "submit") {
      v.setUint16(2, e.op, true);
      v.setInt32(4, e.handle, true);
      v.setUint32(8, e.ptr, true);
      v.setUint32(12, e.length, true);
      v.setBigInt64(16, e.aux, true);
      v.setUint32(24, e.token, true);
      v.setInt32(28, e.result, true);
    } else {
      if (e.kind === "open") v.setInt32(28, e.handle, true);
      else v.setUint32(8, e.ptr, true);
      v.setUint32(12, data!.length, true);
    }
    if (data) part.set(data, HEADER);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
