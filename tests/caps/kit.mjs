// The testkit module: parts of the core by themselves (assembly/testkit).
import fs from "node:fs";
import path from "node:path";
import { root } from "../../scripts/lib/inputs.mjs";
import { decodeRecords } from "../sim/core.mjs";

const MEMORY = 32 << 20;
/** Room for the text of caps. */
const ROOM = 1 << 20;
/** Owner.Caps of assembly/base/heap.ts. */
const OWNER_CAPS = 8;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const file = process.env.G2G_TESTKIT ?? path.join(root, "build/testkit.wasm");
const module = new WebAssembly.Module(fs.readFileSync(file));

/** What CapsError counts. */
export const CAPS_ERRORS = ["none", "media", "field", "equals", "type", "value", "open", "trailing", "size"];

/** Caps text that was refused: what was wrong and at which byte. */
export class CapsRefused extends Error {
  constructor(why, at) {
    super(`${CAPS_ERRORS[why]} at ${at}`);
    this.why = CAPS_ERRORS[why];
    this.at = at;
  }
}

/** One instance of the module. Caps are numbers that live until `release`. */
export class Kit {
  constructor() {
    /** Messages posted, as [kind, ...records]. */
    this.posts = [];
    const unused = () => {
      throw new Error("the host interface is not used here");
    };
    const names = ["open", "submit", "cancel", "close", "retain", "release", "random", "tick"];
    const g2g = Object.fromEntries(names.map((name) => [name, unused]));
    g2g.post = (kind, ptr, length) => {
      this.posts.push([kind, ...decodeRecords(this.bytes(ptr >>> 0, length >>> 0).slice())]);
    };
    this.x = new WebAssembly.Instance(module, { g2g }).exports;
    this.begin();
  }

  /** Makes the instance new. */
  begin() {
    const code = this.x.init(MEMORY, 0);
    if (code) throw new Error(`init answers ${code}`);
    this.held = [];
    this.posts.length = 0;
    this.page = this.x.alloc(ROOM) >>> 0;
  }

  /** Gives everything back. @returns pieces of memory that leaked */
  end() {
    this.release();
    this.x.free(this.page);
    return this.x.dispose();
  }

  bytes(ptr, length) {
    return new Uint8Array(this.x.memory.buffer, ptr, length);
  }

  /** Calls with a text that the call does not keep. */
  withText(text, call) {
    const data = typeof text === "string" ? encoder.encode(text) : text;
    const ptr = this.x.alloc(data.length) >>> 0;
    this.bytes(ptr, data.length).set(data);
    const result = call(ptr, data.length);
    this.x.free(ptr);
    return result;
  }

  /** Keeps a reference until `release`. */
  hold(caps) {
    this.held.push(caps);
    return caps;
  }

  /** Gives back the caps that were made since there were `to` of them. */
  release(to = 0) {
    while (this.held.length > to) this.x.caps_unref(this.held.pop());
  }

  /** Pieces of memory that caps have. */
  get pieces() {
    return this.x.pieces(OWNER_CAPS);
  }

  /** Caps of a text, or of bytes that are meant to be one. @throws CapsRefused */
  parse(text) {
    const caps = this.withText(text, (ptr, length) => this.x.caps_parse(ptr, length)) >>> 0;
    if (!caps) throw new CapsRefused(this.x.caps_error(), this.x.caps_error_at());
    return this.hold(caps);
  }

  print(caps) {
    return decoder.decode(this.printed(caps));
  }

  /** The text of caps as bytes, which need not be UTF-8. */
  printed(caps) {
    const length = this.x.caps_print(caps, this.page, ROOM);
    if (length > ROOM) throw new RangeError("the text of caps is cut");
    return this.bytes(this.page, length).slice();
  }

  intersect(x, y) {
    return this.hold(this.x.caps_intersect(x, y));
  }

  union(x, y) {
    return this.hold(this.x.caps_union(x, y));
  }

  fixate(caps, wish = 0) {
    return this.hold(this.x.caps_fixate(caps, wish));
  }

  subset(x, y) {
    return !!this.x.caps_subset(x, y);
  }

  equal(x, y) {
    return !!this.x.caps_equal(x, y);
  }

  same(x, y) {
    return !!this.x.caps_same(x, y);
  }

  meet(x, y) {
    return !!this.x.caps_meet(x, y);
  }

  isFixed(caps) {
    return !!this.x.caps_fixed(caps);
  }
}
