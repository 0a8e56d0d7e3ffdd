import path from "node:path";
import type { Board } from "../board.js";
import { usage } from "../errors.js";
import type { Engine, FrozenImage } from "../image.js";
import { InterpreterSizes, interpreterHeader, interpreterSizes } from "../interpreter.js";
import { imageRs, put, rustText } from "../write.js";
import { UPDATE_PORT } from "./transfer.js";
import { readPublicKey } from "./package.js";

/** How much larger than its own line an updatable image is made, so that another fits. */
const SPARE = 1.5;

/** Room for another line than the one that is built in. */
export function roomier(sizes: InterpreterSizes): InterpreterSizes {
  const memory = (Math.ceil(sizes.memory * SPARE) + 63) & ~63;
  const arena = (Math.ceil((sizes.arena - sizes.memory) * SPARE + memory) + 63) & ~63;
  return { ...sizes, memory, arena };
}

/**
 * Writes update.rs, which the board's program includes, and makes room for other lines.
 * @throws {ToolError} when the key cannot be read, or the image cannot be updated
 */
export function writeUpdate(folder: string, board: Board, image: FrozenImage, engine: Engine, key: string): void {
  if (engine !== "wasm3")
    throw usage("--updatable needs --engine wasm3: what was compiled ahead of time stays as it is");
  if (!image.bootLog) throw usage("only frozen lines can be updated");
  const sizes = roomier(interpreterSizes(image.wasm, { memory: image.memory }));
  put(path.join(folder, "interpreter.h"), interpreterHeader(sizes));
  put(path.join(folder, "image.rs"), imageRs({ ...image, memory: sizes.memory }, engine, folder));
  const elements = image.elements.map((name) => rustText(name)).join(", ");
  const text =
    "pub const LIMITS: g2g_update::Limits = g2g_update::Limits {\n" +
    `  board: ${rustText(board.name)},\n  key: [${[...readPublicKey(key)].join(", ")}],\n` +
    `  memory: ${sizes.memory},\n  arena: ${sizes.arena},\n  elements: &[${elements}],\n};\n` +
    `pub const PORT: u16 = ${UPDATE_PORT};\n`;
  put(path.join(folder, "update.rs"), text);
}
