// Inputs of vectors: bytes made from a description, which is plain JSON.
import { Random } from "./vector-bits.mjs";
import { FRAME_SAMPLES, frames } from "./vector-aac.mjs";
import { pictures } from "./vector-h264.mjs";
import { transportStream } from "./vector-ts.mjs";

export { FRAME_SAMPLES };

/** Generators by the name that a description has under `make`. */
const MAKERS = {
  ts: transportStream,
  h264: (o) => Buffer.concat(pictures(o).map((p) => p.data)),
  aac: (o) => Buffer.concat(frames(o)),
  noise: ({ size, seed = 1 }) => new Random(seed).bytes(size),
  bytes: ({ hex = "", text = "", times = 1 }) =>
    Buffer.concat(Array(times).fill(Buffer.concat([Buffer.from(hex.replaceAll(" ", ""), "hex"), Buffer.from(text)]))),
};

const fromEnd = (data, at) => (at < 0 ? data.length + at : at);

/** The place of the nth box of a type, wherever it lies; what is damaged there is found by name. */
function findBox(data, type, nth = 0) {
  let at = -1;
  for (let i = 0; i <= nth; i++) {
    at = data.indexOf(type, at + 1, "latin1");
    if (at < 4) throw new Error(`there is no box ${type}`);
  }
  return at - 4;
}

/** What can be done to bytes, by name; each takes the bytes and the description's value. */
const CHANGES = {
  /** Keeps [from, to); negative numbers count from the end. */
  cut: (data, [from, to]) => data.subarray(fromEnd(data, from), to === undefined ? undefined : fromEnd(data, to)),
  /** Sets bytes at a place. */
  patch(data, { at, hex }) {
    const out = Buffer.from(data);
    Buffer.from(hex, "hex").copy(out, fromEnd(data, at));
    return out;
  },
  /** Sets bytes at a distance from the start of a box. */
  box(data, { type, nth, at, hex }) {
    const out = Buffer.from(data);
    Buffer.from(hex, "hex").copy(out, findBox(data, type, nth) + at);
    return out;
  },
  /** Takes boxes of a type out, on the top level. */
  dropBoxes(data, types) {
    const out = [];
    for (let at = 0; at + 8 <= data.length;) {
      const size = data.readUInt32BE(at) || data.length - at;
      if (!types.includes(data.toString("latin1", at + 4, at + 8))) out.push(data.subarray(at, at + size));
      at += size;
    }
    return Buffer.concat(out);
  },
  /** Changes n bytes at random places from a place on. */
  damage(data, { n, seed, from = 0 }) {
    const out = Buffer.from(data);
    const random = new Random(seed);
    for (let i = 0; i < n; i++) out[from + random.below(out.length - from)] = random.next() >>> 24;
    return out;
  },
  /** Takes n pieces of some bytes out at random places. */
  lose(data, { n, size, seed }) {
    const random = new Random(seed);
    let out = data;
    for (let i = 0; i < n; i++) {
      const at = random.below(out.length - size);
      out = Buffer.concat([out.subarray(0, at), out.subarray(at + size)]);
    }
    return out;
  },
  /** Puts another input in front, or behind. */
  before: (data, other, make) => Buffer.concat([make(other), data]),
  after: (data, other, make) => Buffer.concat([data, make(other)]),
};

/**
 * Makes an input.
 * @param description { make: name, ...options } or { from: vector, output: placeholder }; `then` is a list of changes,
 * each an object with one name
 * @param output gives the bytes of another vector's output
 */
export function makeInput(description, output) {
  const { make, from, output: placeholder, then = [], ...options } = description;
  if (make !== undefined && !(make in MAKERS)) throw new Error(`nothing makes "${make}"`);
  let data = make === undefined ? output(from, placeholder) : MAKERS[make](options);
  for (const change of then) {
    const [[name, value]] = Object.entries(change);
    data = CHANGES[name](data, value, (other) => makeInput(other, output));
  }
  return Buffer.from(data);
}
