// A module on a board, for as-pect at the desk: calls go to the board, what the module imports comes back and is answered here.
// The other end, with the format, is firmware/spec/board.h. Both ends wait for each other, so this blocks.
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const [LOAD, CALL, READ, WRITE, ANSWER] = [1, 2, 3, 4, 5];
const [RETURN, IMPORT, DATA, FAULT, REFUSED] = [1, 2, 3, 4, 5];
const POSTED_BIT = 128;

/** Imports that nothing comes back from and that look at no memory: the board goes on without waiting. */
const POSTED = new Set([
  "__aspect.attachStackTraceToReflectedValue",
  "__aspect.clearActual",
  "__aspect.clearExpected",
  "__aspect.reportActualReflectedValue",
  "__aspect.reportExpectedReflectedValue",
  "__aspect.reportExpectedTruthy",
  "__aspect.reportExpectedFalsy",
  "__aspect.reportExpectedFinite",
  "g2g.cancel",
  "g2g.close",
  "g2g.release",
  "g2g.retain",
  "spec.checked",
]);

/** What V8 says to the traps of firmware/engine/c/trap.h. */
const TRAPS = {
  1: "memory access out of bounds",
  2: "unreachable",
  3: "divide by zero",
  4: "result unrepresentable",
  5: "float unrepresentable in integer range",
  6: "null function or function signature mismatch",
  7: "Maximum call stack size exceeded",
};
const TRAP_STACK = 7;
const TRAP_DESK = 32;

/** Frames of a trap at most, and bytes of a text. */
const [FRAMES, LONGEST] = [32, 4096];

const STRING_ID = 2;

/** The two pipes to an emulator, which block. */
class Pipes {
  constructor(args) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "g2g-spec-"));
    const file = (name) => path.join(folder, name);
    execFileSync("mkfifo", [file("in"), file("out")]);
    this.err = fs.openSync(file("err"), "w+");
    const run = 'exec "$@" < "$0/in" > "$0/out"';
    const stdio = ["ignore", "ignore", this.err];
    this.child = spawn("sh", ["-c", run, folder, "qemu-system-arm", ...args], { stdio });
    // Each opens when the other end does; whatever becomes of the emulator, the end of its output is seen.
    this.out = fs.openSync(file("in"), "w");
    this.in = fs.openSync(file("out"), "r");
    fs.rmSync(folder, { recursive: true });
    this.buffer = Buffer.alloc(1 << 17);
    this.begin = this.end = 0;
  }

  /** What the emulator complained about. */
  #complaint() {
    const text = Buffer.alloc(4096);
    return text
      .subarray(0, fs.readSync(this.err, text, 0, text.length, 0))
      .toString()
      .trim();
  }

  write(bytes) {
    try {
      for (let at = 0; at < bytes.length;) at += fs.writeSync(this.out, bytes, at);
    } catch (error) {
      throw new Error(`the board ended: ${this.#complaint()}`, { cause: error });
    }
  }

  take(length) {
    const parts = [];
    for (let left = length; left;) {
      if (this.begin === this.end) {
        this.begin = 0;
        this.end = fs.readSync(this.in, this.buffer);
        if (!this.end) throw new Error(`the board ended: ${this.#complaint()}`);
      }
      const n = Math.min(left, this.end - this.begin);
      // A copy, since the buffer is filled again.
      parts.push(Buffer.from(this.buffer.subarray(this.begin, this.begin + n)));
      this.begin += n;
      left -= n;
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  u32() {
    return this.take(4).readUInt32LE();
  }

  close() {
    this.child.kill("SIGKILL");
    for (const fd of [this.out, this.in, this.err]) fs.closeSync(fd);
  }
}

const READERS = {
  i32: (b, at) => b.readInt32LE(at),
  i64: (b, at) => b.readBigInt64LE(at),
  f32: (b, at) => b.readFloatLE(at),
  f64: (b, at) => b.readDoubleLE(at),
};

const WRITERS = {
  i32: (b, value) => b.writeInt32LE(Number(value) | 0, 8),
  i64: (b, value) => b.writeBigInt64LE(BigInt.asIntN(64, value), 8),
  f32: (b, value) => b.writeFloatLE(value, 8),
  f64: (b, value) => b.writeDoubleLE(value, 8),
};

/** A module that runs on a board, with what as-pect wants of an instance. */
export class BoardModule {
  /** Instructions of all calls so far. */
  instructions = 0;
  #pipes;
  #imports;
  #serve;
  #names;
  #perTick;

  /**
   * Starts an emulator and loads the module.
   * @param image what `imageOf` made of it
   * @param module what `readSpec` gives
   * @param imports functions by module and name
   * @param send what the engine has to be given of the module: nothing when it is in the image
   * @param nameOf the name of a function that the board tells as a frame
   */
  constructor(image, module, imports, send, nameOf) {
    this.#imports = module.imports;
    this.#serve = module.imports.map(({ module: from, name }) => imports[from]?.[name]);
    const absent = module.imports.find((_, i) => !this.#serve[i]);
    if (absent) throw new Error(`${absent.module}.${absent.name} is imported, and there is none`);
    this.#names = nameOf;
    this.#perTick = 1e9 / image.clock;
    this.#pipes = new Pipes(image.args);
    const flags = module.imports.map(
      ({ module: from, name, params }) => params.length | (POSTED.has(`${from}.${name}`) ? POSTED_BIT : 0),
    );
    try {
      this.#command(LOAD, flags.length, send.length);
      this.#pipes.write(Buffer.concat([Buffer.from(flags), send]));
      this.#until();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #command(...numbers) {
    const words = new Uint32Array(4);
    words.set(numbers);
    this.#pipes.write(Buffer.from(words.buffer));
  }

  /** Serves imports until the board returns. @returns the result @throws what an import threw, or the trap */
  #until() {
    const pipes = this.#pipes;
    let thrown = null;
    for (;;) {
      const kind = pipes.u32();
      if (kind === IMPORT) thrown = this.#answer(pipes.u32());
      else if (kind === RETURN) {
        const trap = pipes.u32();
        const result = pipes.u32();
        const ticks = pipes.u32() + pipes.u32() * 2 ** 32;
        const frames = Array.from({ length: Math.min(pipes.u32(), FRAMES) }, () => pipes.u32());
        this.instructions += ticks * this.#perTick;
        if (trap) throw trap === TRAP_DESK ? thrown : this.#trap(trap, frames);
        return result;
      } else if (kind === FAULT) {
        const [place, stack] = [pipes.u32(), pipes.u32()].map((n) => `0x${n.toString(16)}`);
        throw new Error(`the processor faulted at ${place} (${this.#names(Number(place))}), stack ${stack}`);
      } else if (kind === REFUSED) throw new Error(`the engine: ${pipes.take(Math.min(pipes.u32(), LONGEST))}`);
      else throw new Error(`the board says ${kind}`);
    }
  }

  /** Serves one import. @returns what it threw */
  #answer(number) {
    if (number >= this.#imports.length) throw new Error(`the board calls import ${number}`);
    const { module, name, params, results } = this.#imports[number];
    const raw = this.#pipes.take(8 * params.length);
    const args = params.map((type, i) => READERS[type](raw, 8 * i));
    if (POSTED.has(`${module}.${name}`)) {
      this.#serve[number](...args);
      return null;
    }
    const answer = Buffer.alloc(16);
    answer.writeUInt32LE(ANSWER);
    let thrown = null;
    try {
      const value = this.#serve[number](...args);
      if (results.length) WRITERS[results[0]](answer, value ?? 0);
    } catch (error) {
      answer.writeUInt32LE(1, 4);
      thrown = error;
    }
    this.#pipes.write(answer);
    return thrown;
  }

  /** A trap as V8 has it, with the functions that the board names. */
  #trap(trap, frames) {
    const Kind = trap === TRAP_STACK ? RangeError : WebAssembly.RuntimeError;
    const error = new Kind(TRAPS[trap] ?? `trap ${trap}`);
    const lines = frames.map(this.#names).filter(Boolean);
    error.stack = [
      `${error.name}: ${error.message}`,
      ...lines.map((name) => `    at ${name} (wasm on the board)`),
    ].join("\n");
    return error;
  }

  call(which, argument = 0) {
    this.#command(CALL, which, argument);
    return this.#until();
  }

  #data(expected) {
    const kind = this.#pipes.u32();
    if (kind !== DATA) throw new Error(`the board says ${kind} in place of data`);
    const length = this.#pipes.u32();
    if (length === 0xffffffff) throw new RangeError("memory access out of bounds");
    if (length !== expected) throw new Error(`the board gives ${length} bytes in place of ${expected}`);
    return this.#pipes.take(length);
  }

  /** Bytes of linear memory, a copy. */
  read(address, length) {
    this.#command(READ, address >>> 0, length >>> 0);
    return this.#data(length >>> 0);
  }

  /** Puts bytes into linear memory. */
  write(address, bytes) {
    this.#command(WRITE, address >>> 0, bytes.length);
    this.#pipes.write(bytes);
    this.#data(0);
  }

  /** A string of AssemblyScript, as the loader reads it. */
  string(address) {
    if (!address) return null;
    const head = this.read(address - 8, 8);
    if (head.readUInt32LE() !== STRING_ID) throw new Error(`not a string: ${address}`);
    return this.read(address, head.readUInt32LE(4)).toString("utf16le");
  }

  close() {
    this.#pipes.close();
  }
}
