// What a frame carries through the graph so that it can be recognised at the other end: a header (identity, the caps it
// was made under, its times) and bytes that follow from it.
import { hash } from "./random.mjs";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The media type of everything that is simulated. */
export const MEDIA = "video/x-sim";

/** The memory domain of simulated devices. */
export const DEVICE = "memory:SimA";

/** Another domain, which no other element of this host knows. */
export const OTHER = "memory:SimB";

/** Bytes that a header needs at least. */
export const MIN_SIZE = 160;

/** The bytes of a frame: header, then a pattern up to `size`. */
export function encodePayload(header, size) {
  const text = encoder.encode(JSON.stringify(header));
  if (text.length + 4 > size) throw new Error(`a header of ${text.length} bytes does not fit into ${size}`);
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  fillPattern(bytes.subarray(4 + text.length), header.id);
  return bytes;
}

/** The header of a frame's bytes; an error when any byte is not what was written. */
export function decodePayload(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
  if (length + 4 > bytes.length) throw new Error(`no frame of the simulation: ${bytes.subarray(0, 16).join(" ")}`);
  const header = JSON.parse(decoder.decode(bytes.subarray(4, 4 + length)));
  const rest = bytes.subarray(4 + length);
  const expected = new Uint8Array(rest.length);
  fillPattern(expected, header.id);
  if (Buffer.compare(rest, expected)) throw new Error(`the bytes of ${header.id} are damaged`);
  return header;
}

function fillPattern(bytes, id) {
  let x = hash(id, 1) | 1;
  for (let i = 0; i < bytes.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    bytes[i] = x;
  }
}

/** Text of fixed caps. @param domain a memory feature, empty for system memory */
export function capsText({ domain, g, m }) {
  return `${MEDIA}${domain ? `(${domain})` : ""}, generation=(int)${g}, mode=(int)${m}`;
}

/** Reads the text of fixed caps of one structure. */
export function readCaps(text) {
  const match = /^([\w/.+-]+)(?:\((memory:\w+)\))?((?:, [\w-]+=\(\w+\)[^,]+)*)$/.exec(text);
  if (!match) throw new Error(`caps that are not fixed: ${text}`);
  const fields = {};
  for (const [, key, value] of match[3].matchAll(/, ([\w-]+)=\(\w+\)([^,]+)/g)) fields[key] = value;
  return { text, media: match[1], domain: match[2] ?? "", g: Number(fields.generation), m: Number(fields.mode) };
}
