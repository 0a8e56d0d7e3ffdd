// What comes before cargo, for images and for libraries.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { AotCode, SLACK, compileToC } from "./aot.js";
import type { Board } from "./board.js";
import { ToolError, usage } from "./errors.js";
import { shellText } from "./flash.js";
import { freezeLine } from "./freeze.js";
import type { Engine, FrozenImage } from "./image.js";
import type { BoardElement } from "./modelhost.js";
import { imageFolder, root } from "./paths.js";
import type { Steps } from "./progress.js";
import { RustTools, checkGcc, chooseRust, withoutRustup } from "./toolchain.js";
import { wholeLine } from "./whole.js";
import { writeImage } from "./write.js";

/** What an image and a library have in common. */
export interface PrepareOptions {
  readonly engine: Engine;
  /** Whether accesses to linear memory are checked; with wasm3 they always are. */
  readonly checked: boolean;
  /** Bytes of linear memory; the least that does without it. */
  readonly memory?: number;
  /** Name of the folder under build/firmware. */
  readonly name: string;
  readonly verbose: boolean;
  /** Without the functions that no trial at the desk has called. */
  readonly tight?: boolean;
  /** The core as it is, which launches the line on the board. */
  readonly whole?: boolean;
  /** Tables of the host elements, in place of those that firmware has for the board. */
  readonly elements?: readonly BoardElement[];
}

/** How many steps `prepareImage` tells. */
export function prepareSteps(engine: Engine): number {
  return engine === "aot" ? 2 : 1;
}

/**
 * Settles a line and writes what cargo needs of it.
 * @returns what it came to, and the folder
 * @throws {ToolError} and what `freezeLine` throws for a line that does not work
 */
export async function prepareImage(
  board: Board,
  line: string,
  options: PrepareOptions,
  steps: Steps,
): Promise<{ image: FrozenImage; folder: string }> {
  const { engine, memory, elements, checked, tight } = options;
  if (tight && options.whole) throw usage("--tight leaves functions out, and --whole none");
  if (!checked && engine !== "aot") throw usage("--unchecked is for the engine aot");
  const folder = imageFolder(options.name);
  steps.next("settling the line");
  const freezing = { engine, memory, elements, tight, progress: (what: string) => steps.at(what) };
  const image = options.whole
    ? await wholeLine(board, line, freezing)
    : await freezeLine(board, line, path.join(folder, "made"), freezing);
  let c: AotCode | null = null;
  if (engine === "aot") {
    steps.next("translating the core to C");
    const wasm2c = path.join(root, "node_modules/wabt/bin/wasm2c");
    c = compileToC(image.wasm, { wasm2c, memory: image.memory, align: board.cacheLine || 16, checked, slack: SLACK });
  }
  writeImage(folder, board, image, engine, c);
  return { image, folder };
}

/** What compiles, and what the build scripts are told. */
export function prepareCompiler(
  board: Board,
  { engine, verbose }: Pick<PrepareOptions, "engine" | "verbose">,
  steps: Steps,
): { tools: RustTools; env: Record<string, string> } {
  checkGcc();
  const tools = rustFor(board, steps);
  if (verbose) steps.say(`using ${tools.name}: ${tools.cargo}`);
  return { tools, env: engine === "wasm3" ? { G2G_WASM3: wasm3Sources() } : {} };
}

/** Rust for the board; adds the target where rustup has not got it yet. */
function rustFor(board: Board, steps: Steps): RustTools {
  const choice = chooseRust(board.target);
  if (choice.kind === "ready") return choice.tools;
  steps.say(`adding what Rust needs for ${board.target}: ${shellText(choice.command)}`);
  const [program, ...args] = choice.command;
  const { status, stderr } = spawnSync(program, args, { cwd: path.join(root, "firmware"), encoding: "utf8" });
  if (status === 0) return choice.tools;
  return withoutRustup(board.target, (stderr ?? "").trim().split("\n").pop() || "it does not start");
}

/** The sources of wasm3, fetched by hash when they are not there yet. */
function wasm3Sources(): string {
  const script = path.join(root, "firmware/engine/wasm3.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: "utf8" });
  if (status !== 0) throw new ToolError(`the sources of wasm3 cannot be had\n${stderr.trim()}`);
  return stdout.trim();
}
