// The whole core on a board: the bytes that servers run, which launch the line there.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Board } from "./board.js";
import { boardElements, descriptorOf } from "./elements.js";
import { ToolError, usage } from "./errors.js";
import { bringUp, usedBy } from "./freeze.js";
import type { FreezeOptions, FrozenImage } from "./image.js";
import { root } from "./paths.js";
import { strip } from "./seal.js";
import { PAGE, memoryBytes, readModule } from "./wasm.js";

/** Memory of a core that nobody has given more or less, bytes: what lines are negotiated in at the desk. */
const MEMORY = 1 << 20;

/** Stack that a core needs which negotiates on the board, interpreted, bytes. */
const STACK = 32 * 1024;

/** The board with a stack that is large enough for a whole core. */
export function boardForWhole(board: Board): Board {
  return { ...board, stack: Math.max(board.stack, STACK) };
}

/**
 * Makes an image of a line that the board launches itself, with the core as it is.
 * @throws {ToolError} when the line cannot run, with the explanation that `g2g launch` gives
 */
export async function wholeLine(board: Board, line: string, options: FreezeOptions): Promise<FrozenImage> {
  if (options.engine !== "wasm3") throw usage("--whole is for the engine wasm3, which takes the core as it is");
  const elements = options.elements ?? boardElements(board.elements);
  const wasm = Uint8Array.from(await readFile(path.join(root, "build/core.wasm")));
  const least = memoryBytes(readModule(wasm));
  if (strip(wasm).length !== wasm.length)
    throw new ToolError("the core has names in it: npm run build makes one without");
  // Without pages of its own the core takes whole ones.
  const memory = Math.ceil(Math.max(options.memory ?? MEMORY, least) / PAGE) * PAGE;
  options.progress?.("negotiating the line");
  const { own } = usedBy(bringUp(new WebAssembly.Module(wasm), line, elements, board), elements);
  return {
    line,
    wasm,
    bootLog: null,
    descriptors: own.map(descriptorOf),
    memory,
    ring: 0,
    elements: own.map((t) => t.name),
    hash: createHash("sha256").update(wasm).digest("hex"),
    report: { fixed: memory, pools: 0, free: 0, segments: 0, allocations: 0, sealed: false, tight: false, misread: "" },
  };
}
