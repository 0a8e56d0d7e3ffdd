// What the proofs on emulated boards share: images, their runs, and the same lines at the desk.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { launch, within } from "../support/g2g.mjs";
import { noGcc, noQemu, noRust, root, tool } from "./support.mjs";

/** Time after which an emulated board that should have done something has not, ms. */
const PATIENCE = 120_000;

/**
 * QEMU's time passes with instructions alone, so that every run is like the other on however busy a machine: 2 ns each for
 * the interpreter, far faster than the boards, so that it keeps up with what is captured; 8 ns for compiled cores.
 */
export const clockFor = (engine) => ["-icount", `shift=${engine === "wasm3" ? 1 : 3},sleep=off`];

/** The same for rp2040js, which takes the time that a cycle has, ns: the part's are 8. */
const CYCLES = { aot: 2, wasm3: 0.5 };

/** Why what runs on a board is skipped here; false when it is not. */
export function skipped(name) {
  const file = path.join(root, "boards", name, "board.json");
  if (!fs.existsSync(file)) return `there is no board ${name}`;
  const { emulator, target } = tool.loadBoard(name);
  return (emulator.program === "rp2040js" ? noGcc : noQemu) || noRust(target);
}

/** Whether an emulator of a board is QEMU. */
const isQemu = (name) => tool.loadBoard(name).emulator.program !== "rp2040js";

/**
 * Builds an image for an emulator, with what was counted on its console.
 * @returns its ELF file
 */
export async function image(t, name, line, { engine = "aot", as = "proof", ...options } = {}) {
  const folder = `${as}-${name}-${engine}`;
  const made = await tool.buildImage(tool.loadBoard(name), line, {
    ...{ engine, checked: true, emulator: true, verbose: false, name: folder, features: ["stats"] },
    ...options,
  });
  return path.join(made.folder, "firmware.elf");
}

/**
 * A board that runs, with its console. `more` are arguments for QEMU. It ends with the test at the latest.
 */
export class Run {
  /** All that it has said. */
  said = "";
  #wake = [];

  constructor(t, name, elf, { more = [], forwards = [] } = {}) {
    const board = tool.loadBoard(name);
    const args = tool.qemuArgs(board, elf, forwards, more);
    this.child = spawn(board.emulator.program, args, { stdio: ["pipe", "pipe", "pipe"] });
    // A board that has ended reads nothing more.
    this.child.stdin.on("error", () => {});
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding("latin1").on("data", (text) => {
        this.said += text;
        this.#wake.splice(0).forEach((wake) => wake());
      });
    }
    /** Its exit code. */
    this.code = new Promise((resolve) =>
      this.child.on("close", (code) => {
        this.over = true;
        this.#wake.splice(0).forEach((wake) => wake());
        resolve(code);
      }),
    );
    t.after(async () => {
      this.child.kill("SIGKILL");
      await this.code;
    });
  }

  /** Types at the console. */
  type(text) {
    this.child.stdin.write(text);
  }

  /** Waits until it has said what matches, behind the character `from`; the match. */
  async says(pattern, from = 0) {
    const found = async () => {
      for (;;) {
        const match = pattern.exec(this.said.slice(from));
        if (match) return match;
        if (this.over) assert.fail(`the board ended without ${pattern}:\n${this.said}`);
        await new Promise((resolve) => this.#wake.push(resolve));
      }
    };
    return within(found(), `${pattern} after:\n${this.said}`, PATIENCE).catch((error) => {
      error.message += `\n${this.said}`;
      throw error;
    });
  }

  /** What its elements have counted, as it says when it is asked: `{ element: { reading: text } }`. */
  async asked() {
    const from = this.said.length;
    this.type("?");
    await this.says(/^steps .*\r\n/m, from);
    // The rows behind it are printed in one go; a second answer stands behind all of the first.
    const again = this.said.length;
    this.type("?");
    await this.says(/^steps .*\r\n/m, again);
    return readings(this.said.slice(from));
  }

  /** Waits for its end. @returns the exit code and all that it said */
  async ended() {
    const code = await within(this.code, "the end of the run", PATIENCE).catch((error) => {
      error.message += `\n${this.said}`;
      throw error;
    });
    return { code, said: this.said };
  }
}

/**
 * Runs an image to its end on whichever emulator its board has.
 * @param engine that of the image, for time that passes with instructions; without it, the machine's passes
 * @returns exit code and console
 */
export async function toEnd(t, name, elf, engine) {
  if (isQemu(name)) return new Run(t, name, elf, { more: engine ? clockFor(engine) : [] }).ended();
  let said = "";
  const pieces = new tool.Elf(fs.readFileSync(elf)).pieces();
  const console = (bytes) => (said += Buffer.from(bytes).toString("latin1"));
  const cycle = CYCLES[engine];
  const code = await tool.runRp2040(pieces, { console, signal: AbortSignal.timeout(PATIENCE), cycle });
  return { code, said };
}

/** The rows `ELEMENT READING VALUE` of a console; the last ones count. */
export function readings(said) {
  const out = {};
  for (const [, element, reading, value] of said.matchAll(/^([\w-]+) ([\w-]+) (\S+)\r$/gm)) {
    (out[element] ??= {})[reading] = value;
  }
  return out;
}

/** CRC-32 of ISO/IEC 3309, as `checksumsink` tells it. */
export function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return (~crc >>> 0).toString(16).padStart(8, "0");
}

/** The readings that a `checksumsink` has after some frames. */
export function checksum(frames) {
  const bytes = Buffer.concat(frames);
  return { frames: String(frames.length), bytes: String(bytes.length), crc32: crc32(bytes) };
}

const table = (name) => JSON.parse(fs.readFileSync(path.join(root, "firmware/elements/src", `${name}.json`), "utf8"));

/** The first quarter of a sine in 64 steps, as boards without a sound input have it in a table. */
const QUARTER = Array.from({ length: 65 }, (_, i) => Math.round(32767 * Math.sin((i / 128) * Math.PI)));

/** A sample of such a board's sine of 440 Hz by its phase, of which 2^32 are a period: straight lines in the table. */
function tone(phase) {
  const within = phase & 0x3fffffff;
  const x = (phase >>> 30) & 1 ? 0x40000000 - within : within;
  const [a, b] = [QUARTER[x >>> 24], QUARTER[Math.min((x >>> 24) + 1, 64)]];
  const value = a + (((b - a) * ((x >>> 8) & 0xffff)) >> 16);
  return Math.trunc((phase >>> 31 ? -value : value) / 2);
}

/** The elements of boards that lines at the desk need, doing what they do there. */
function elements(streams) {
  const sink = (context) => {
    const frames = (streams[context.name] = []);
    return {
      frame(frame) {
        frames.push(Buffer.from(frame.copy()));
        frame.release();
      },
    };
  };
  const source = (context) => {
    const rate = 8000;
    const samples = 80;
    const step = Number((440n << 32n) / BigInt(rate));
    let [left, phase, given] = [Infinity, 0, 0];
    return {
      property: (name, value) => void (name === "num-buffers" && Number(value) >= 0 && (left = Number(value))),
      configure: () => samples * 2,
      credit() {
        while (given < left) {
          const block = new Int16Array(samples);
          let next = phase;
          for (let i = 0; i < samples; i++, next = (next + step) >>> 0) block[i] = tone(next);
          const times = { pts: BigInt(given) * 10_000_000n, duration: 10_000_000n };
          if (!context.data(0, new Uint8Array(block.buffer), times)) return;
          [phase, given] = [next, given + 1];
        }
        context.end(0);
      },
    };
  };
  return [
    { table: table("checksumsink"), create: sink },
    { table: table("boardaudiosrc"), create: source },
  ];
}

/** Plays a line at the desk. @returns the frames of each `checksumsink` by its name */
export async function atTheDesk(t, line) {
  const streams = {};
  const p = await launch(t, line, { elements: elements(streams) });
  await within(p.play(), "the start");
  await within(p.done, "the end");
  return streams;
}
