import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Board } from "./board.js";
import { imageFiles } from "./flash.js";
import type { Engine, FrozenImage, MemoryReport } from "./image.js";
import { interpreterHeader, interpreterSizes } from "./interpreter.js";
import { memoryX } from "./memoryx.js";
import { strip } from "./seal.js";

/** What is kept about an image for the commands that come after the build. */
export interface ImageNote {
  readonly board: string;
  readonly line: string;
  readonly engine: Engine;
  /** Whether every access to linear memory is checked. */
  readonly checked: boolean;
  /** SHA-256 of the module, hexadecimal. */
  readonly hash: string;
  readonly elements: readonly string[];
  readonly memory: MemoryReport;
  /** Name of the board's crate, with underscores. */
  readonly crate: string;
  /** Static libraries of C that were linked, and the crates that made them. */
  readonly archives: readonly { readonly crate: string; readonly file: string }[];
  /** Whether the image ends the emulator that it runs in when its pipeline ends. */
  readonly emulator: boolean;
  /** Whether the core is the whole one, which launches the line on the board. */
  readonly whole?: boolean;
  /** Where it sends a recording of its run. */
  readonly record?: { readonly host: string; readonly port: number };
}

/** A text as a literal of Rust. */
export function rustText(text: string): string {
  const escaped = text.replace(/[\\"\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (c) =>
    c === "\\" || c === '"' ? `\\${c}` : `\\u{${c.codePointAt(0)!.toString(16)}}`,
  );
  return `"${escaped}"`;
}

/** image.rs: what the board's program includes. */
export function imageRs(image: FrozenImage, engine: Engine, folder: string): string {
  const file = (name: string): string => `include_bytes!(${rustText(path.join(folder, name))})`;
  const data = engine === "wasm3";
  const start = image.bootLog
    ? `g2g_runtime::Start::Frozen { log: ${file("boot.bin")} }`
    : `g2g_runtime::Start::Whole { ceiling: ${image.memory}, descriptors: &[${image.descriptors
        .map((_, i) => file(`element${i}.bin`))
        .join(", ")}], line: ${rustText(image.line)} }`;
  return (
    (data ? `static G2G_MODULE: [u8; ${strip(image.wasm).length}] = *${file("core.wasm")};\n` : "") +
    "pub static IMAGE: g2g_runtime::Image = g2g_runtime::Image {\n" +
    `  line: ${rustText(image.line)},\n` +
    `  module_hash: ${rustText(image.hash)},\n` +
    `  module: &${data ? "G2G_MODULE" : "[]"},\n` +
    `  memory: ${image.memory},\n` +
    `  ring: ${image.ring},\n` +
    `  start: ${start},\n` +
    "};\n"
  );
}

/** Writes a file when it says something else than before, so that cargo builds only what has changed. */
export function put(file: string, data: string | Uint8Array): void {
  const bytes = typeof data === "string" ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.length);
  if (existsSync(file) && readFileSync(file).equals(bytes)) return;
  writeFileSync(file, bytes);
}

/** Writes the memory map of a build; with `measure` one in which everything fits. */
export function writeMemoryX(folder: string, board: Board, measure = false): void {
  const own = path.join(board.folder, "sections.x");
  put(path.join(folder, "memory.x"), memoryX(board, measure, existsSync(own) ? readFileSync(own, "utf8") : ""));
}

/**
 * Writes what cargo needs of an image into its folder.
 * @param c what wasm2c made of the module, for the engine aot
 */
export function writeImage(
  folder: string,
  board: Board,
  image: FrozenImage,
  engine: Engine,
  c: { readonly c: string; readonly h: string } | null,
): void {
  mkdirSync(folder, { recursive: true });
  const { elf, bin, hex, uf2 } = imageFiles(folder);
  for (const old of [elf, bin, hex, uf2, path.join(folder, "image.json")]) rmSync(old, { force: true });
  put(path.join(folder, "core.wasm"), strip(image.wasm));
  if (image.bootLog) put(path.join(folder, "boot.bin"), image.bootLog);
  image.descriptors.forEach((d, i) => put(path.join(folder, `element${i}.bin`), d));
  if (c) {
    put(path.join(folder, "core.c"), c.c);
    put(path.join(folder, "core.h"), c.h);
  }
  if (engine === "wasm3") {
    put(path.join(folder, "interpreter.h"), interpreterHeader(interpreterSizes(image.wasm, { memory: image.memory })));
  }
  put(path.join(folder, "elements.txt"), image.elements.map((e) => `${e}\n`).join(""));
  put(path.join(folder, "image.rs"), imageRs(image, engine, folder));
  writeMemoryX(folder, board);
}
