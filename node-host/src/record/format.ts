import { createHash } from "node:crypto";
import { NONE } from "../core/time.js";

/**
 * A recording holds everything that crossed the interface of one instance, in the order in which it happened, so that the
 * run can be repeated by any host that has the same module.
 *
 *     head     "G2GREC", u8 version, u8 flags (1: digests, 2: image), SHA-256 of the module
 *              with image: address of the header of the completion ring, 0 when the core is asked for it; the module, bytes
 *     entries  u8 Entry, then its fields
 *
 * Fields are unsigned numbers in LEB128, signed ones in LEB128 after zigzag, bytes with their length before them, and
 * SHA-256 hashes of 32 bytes. A call into the core is its entry, the entries of what the core called meanwhile, and Return or
 * Trap. What the host wrote into the memory stands as Data, before the call that lets the core see it.
 *
 *     Init         ceiling, options
 *     Alloc        length
 *     Free         address
 *     Describe     address, bytes
 *     Launch       address, bytes
 *     SetState     state
 *     Step         now - now of the step before (signed, ns), work
 *     Query        kind, address, bytes
 *     Event        kind, address, bytes
 *     Dispose
 *     Return       result (signed)
 *     Trap         text
 *     Restart      an image's memory is put back to what its module begins with
 *
 *     Data         address, bytes
 *     Input        address, length, number of the input, offset, hash: bytes of a file, in recordings with digests
 *     InputName    path: the next input, numbers count from 0
 *     Completion   token, kind, mask of the fields that follow: pad, result, epoch, handle, flags, pts, dts, duration, capture,
 *                  extra, length (signed; bit 0 is pad); the others are 0, pts, dts, duration and capture NONE
 *
 *     Open         kind, spec, result (signed)
 *     Submit       handle, op, address, length, aux (signed), token, payload, result (signed), 1 when a Data or Input follows
 *                  that came with the result. The payload is the hash of the bytes of a Write or a Frame, the records of a
 *                  Property or Configure, else nothing
 *     Cancel       token
 *     Close        handle
 *     Retain       handle
 *     Release      handle
 *     Post         kind, records
 *     Random       bytes
 *
 *     End          hash of all outputs (what was posted and the payloads of all writes, in order)
 *     Torn         u8 why the recording ends before its run (Torn)
 *
 * `tick` is not recorded: nothing depends on it. A recording without End was cut off; what it has can be repeated.
 *
 * An image's module begins with the memory of a pipeline that plays; what its board did before the first step is in that
 * memory, but for random numbers, which stand as Data. Its inputs are named for the elements that gave them, and the offset
 * counts the bytes that such an element has given since it was opened.
 */
export const enum Entry {
  Init = 1,
  Alloc,
  Free,
  Describe,
  Launch,
  SetState,
  Step,
  Query,
  Event,
  Dispose,
  Return,
  Trap,
  Restart,
  Data = 20,
  Input,
  InputName,
  Completion,
  Open = 32,
  Submit,
  Cancel,
  Close,
  Retain,
  Release,
  Post,
  Random,
  End = 64,
  Torn,
}

/** Why a recording ends before its run. */
export const enum Torn {
  /** The board could not send it as fast as it was made. */
  Overrun = 1,
  /** Packets were lost on the way. */
  Lost,
  /** The board began anew. */
  Reset,
  /** More was in flight than the board's recorder follows. */
  Operations,
}

/** What these mean, for a person. */
export const TORN: Readonly<Record<number, string>> = {
  [Torn.Overrun]: "the board could not send it as fast as it was made",
  [Torn.Lost]: "packets of it were lost",
  [Torn.Reset]: "the board began anew",
  [Torn.Operations]: "more was in flight than the board's recorder follows",
};

/** First bytes of a recording. */
export const MAGIC = "G2GREC";

/** Version of the format. */
export const VERSION = 1;

/** Bytes before the first entry. */
export const HEAD_SIZE = MAGIC.length + 2 + 32;

/** Flags of the head. */
export const enum RecordingFlag {
  Digests = 1,
  /** The module stands in the recording, and begins with memory that has been used. */
  Image = 2,
}

/** The fields of a completion that may be left out, in the order of their bits, and what they are then. */
export const COMPLETION_FIELDS = [
  ["pad", 0],
  ["result", 0],
  ["epoch", 0],
  ["handle", 0],
  ["flags", 0],
  ["pts", NONE],
  ["dts", NONE],
  ["duration", NONE],
  ["capture", NONE],
  ["extra", 0],
  ["length", 0],
] as const;

/** SHA-256 of parts that lie one behind the other. */
export function hashOf(...parts: Uint8Array[]): Uint8Array {
  const h = createHash("sha256");
  for (const p of parts) h.update(p);
  return h.digest();
}
