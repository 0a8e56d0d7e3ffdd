// An instance of the core as a host sees it: DESIGN.md, "The host interface". Nothing here is shared with the Node host,
// so that the interface is proved by two implementations of it.
import fs from "node:fs";
import path from "node:path";
import { descriptor } from "../../scripts/lib/descriptor.mjs";
import { root } from "../../scripts/lib/inputs.mjs";

const tables = JSON.parse(fs.readFileSync(path.join(root, "tables/abi.json"), "utf8")).enums;
const codes = JSON.parse(fs.readFileSync(path.join(root, "tables/errors.json"), "utf8"));

/** The codes of an enum of tables/abi.json by name. */
const codesOf = (name) =>
  Object.fromEntries(Object.entries(tables[name].values).map(([key, v]) => [key, Array.isArray(v) ? v[0] : v]));

export const State = codesOf("State");
export const OpenKind = codesOf("OpenKind");
export const Op = codesOf("Op");
export const Completed = codesOf("Completed");
export const HostError = codesOf("HostError");
export const Post = codesOf("Post");
export const Query = codesOf("Query");
export const Send = codesOf("Send");
export const Wait = codesOf("Wait");
export const FrameFlag = codesOf("FrameFlag");

/** The name of a code. */
export const nameOf = (table, code) => Object.keys(table).find((key) => table[key] === code) ?? String(code);

/** Names of errors and warnings by code. */
export const Code = Object.fromEntries(codes.map((e) => [e.code, e.name]));

/** No time. */
export const NONE = -(2n ** 63n);

/** Options of init. */
export const Option = { Statistics: 1, AutoConvert: 2 };

const COMPLETION_SIZE = 64;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Records of whole numbers (bigint or number), texts, and { double }. */
export function encodeRecords(values) {
  const parts = values.map((v) => {
    if (typeof v === "string") {
      const text = encoder.encode(v);
      const b = Buffer.alloc(5 + text.length);
      b[0] = 2;
      b.writeUInt32LE(text.length, 1);
      b.set(text, 5);
      return b;
    }
    const b = Buffer.alloc(9);
    b[0] = typeof v === "object" ? 3 : 1;
    if (typeof v === "object") b.writeDoubleLE(v.double, 1);
    else b.writeBigInt64LE(BigInt(v), 1);
    return b;
  });
  return Buffer.concat(parts);
}

/** The values of records: whole numbers as numbers where those hold them, else as bigint. */
export function decodeRecords(bytes) {
  const b = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = [];
  let at = 0;
  const text = (n) => {
    if (at + n > b.length) throw new RangeError("a text goes beyond its records");
    out.push(decoder.decode(b.subarray(at, at + n)));
    at += n;
  };
  while (at < b.length) {
    const type = b[at++];
    if (type === 1) {
      const v = b.readBigInt64LE(at);
      out.push(BigInt.asIntN(53, v) === v ? Number(v) : v);
      at += 8;
    } else if (type === 5) out.push(b.readInt8(at++));
    else if (type === 3) {
      out.push(b.readDoubleLE(at));
      at += 8;
    } else if (type === 2) text(b.readUInt32LE((at += 4) - 4));
    else if (type === 6) text(b[at++]);
    else if (type === 4) {
      const n = b.readUInt32LE(at);
      out.push(Buffer.from(b.subarray(at + 4, at + 4 + n)));
      at += 4 + n;
    } else throw new RangeError(`record of unknown type ${type}`);
  }
  return out;
}

/** Compiles a core; the artifact of the build unless a file is named. */
export function loadModule(file = process.env.G2G_CORE ?? path.join(root, "build/core.wasm")) {
  return new WebAssembly.Module(fs.readFileSync(file));
}

/** One instance. It is called only outside of its own calls. */
export class Core {
  /**
   * @param module compiled core
   * @param imports of module g2g
   * @param ceiling bytes of memory
   * @param options bits of Option
   */
  constructor(module, imports, ceiling, options) {
    this.exports = new WebAssembly.Instance(module, { g2g: imports }).exports;
    const code = this.exports.init(ceiling, options);
    if (code) throw new Error(`init answers ${code}`);
    this.u8 = new Uint8Array(this.exports.memory.buffer);
    this.view = new DataView(this.exports.memory.buffer);
    const [at] = this.query(Query.Ring);
    this.ring = at;
    this.slots = this.view.getUint32(at + 8, true);
    this.records = this.view.getUint32(at + 12, true);
  }

  /** Text at an address. */
  text(ptr, length) {
    return decoder.decode(this.u8.subarray(ptr, ptr + length));
  }

  alloc(length) {
    return this.exports.alloc(length) >>> 0;
  }

  free(ptr) {
    this.exports.free(ptr);
  }

  /** Registers an element by its table; 0 or a HostError. */
  describe(table) {
    return this.with(descriptor(table), (ptr, n) => this.exports.describe(ptr, n));
  }

  /** Builds the pipeline of a line; 0 or a code. */
  launch(line) {
    return this.with(encoder.encode(line), (ptr, n) => this.exports.launch(ptr, n));
  }

  /** The answer to a query, or a negative HostError. */
  query(kind, args = []) {
    const at = this.with(encodeRecords(args), (ptr, n) => this.exports.query(kind, ptr, n));
    if (at < 0 && at > -4096) return at;
    const p = at >>> 0;
    return decodeRecords(this.u8.subarray(p + 4, p + 4 + this.view.getUint32(p, true)));
  }

  /** Tells the pipeline something; 0 or an error. */
  event(kind, args = []) {
    return this.with(encodeRecords(args), (ptr, n) => this.exports.event(kind, ptr, n));
  }

  /** Slots of the completion ring that are free. */
  get room() {
    return this.slots - ((this.view.getUint32(this.ring + 4, true) - this.view.getUint32(this.ring, true)) >>> 0);
  }

  /** Writes a completion, for which there is room. */
  put(c) {
    const v = this.view;
    const tail = v.getUint32(this.ring + 4, true);
    const p = this.records + (tail & (this.slots - 1)) * COMPLETION_SIZE;
    this.u8.fill(0, p, p + COMPLETION_SIZE);
    v.setUint32(p, c.token, true);
    v.setUint16(p + 4, c.kind, true);
    v.setUint16(p + 6, c.pad ?? 0, true);
    v.setInt32(p + 8, c.result ?? 0, true);
    v.setUint32(p + 12, c.epoch ?? 0, true);
    v.setInt32(p + 16, c.handle ?? 0, true);
    v.setUint32(p + 20, c.flags ?? 0, true);
    v.setBigInt64(p + 24, c.pts ?? NONE, true);
    v.setBigInt64(p + 32, c.dts ?? NONE, true);
    v.setBigInt64(p + 40, c.duration ?? NONE, true);
    v.setBigInt64(p + 48, c.capture ?? NONE, true);
    v.setUint32(p + 56, c.extra ?? 0, true);
    v.setUint32(p + 60, c.length ?? 0, true);
    v.setUint32(this.ring + 4, (tail + 1) >>> 0, true);
  }

  /** Calls with bytes in the core's memory. */
  with(bytes, call) {
    if (!bytes.length) return call(0, 0);
    const ptr = this.alloc(bytes.length);
    if (!ptr) return HostError.NoMemory;
    this.u8.set(bytes, ptr);
    try {
      return call(ptr, bytes.length);
    } finally {
      this.free(ptr);
    }
  }
}
