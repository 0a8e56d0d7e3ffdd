// Intel HEX: Hexadecimal Object File Format Specification, revision A.
import { Piece, sorted } from "./pieces.js";

const DATA = 0;
const END = 1;
const EXTENDED_LINEAR_ADDRESS = 4;
const START_LINEAR_ADDRESS = 5;

const RECORD = 16;
const BANK = 0x10000;

function record(offset: number, type: number, data: Uint8Array): string {
  const bytes = [data.length, offset >> 8, offset & 0xff, type, ...data];
  const sum = -bytes.reduce((a, b) => a + b, 0) & 0xff;
  return `:${Buffer.from([...bytes, sum])
    .toString("hex")
    .toUpperCase()}\r\n`;
}

/**
 * The text of an Intel HEX file; a record holds at most 16 bytes and does not cross 64 KiB.
 * @param entry address at which the program starts
 */
export function toHex(pieces: readonly Piece[], entry: number): string {
  const out: string[] = [];
  let bank = 0;
  for (const { address, data } of sorted(pieces)) {
    for (let i = 0; i < data.length;) {
      const at = address + i;
      if (at >>> 16 !== bank) {
        bank = at >>> 16;
        out.push(record(0, EXTENDED_LINEAR_ADDRESS, Uint8Array.of(bank >> 8, bank & 0xff)));
      }
      const offset = at % BANK;
      const n = Math.min(RECORD - (at % RECORD), data.length - i, BANK - offset);
      out.push(record(offset, DATA, data.subarray(i, i + n)));
      i += n;
    }
  }
  const start = new Uint8Array(4);
  new DataView(start.buffer).setUint32(0, entry);
  out.push(record(0, START_LINEAR_ADDRESS, start), record(0, END, new Uint8Array(0)));
  return out.join("");
}
