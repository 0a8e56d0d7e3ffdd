import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ExitCode } from "../../../node-host/src/cli/exit.js";
import type { Board } from "../board.js";
import { usage } from "../errors.js";
import { freezeLine } from "../freeze.js";
import { interpreterSizes } from "../interpreter.js";
import { isPort } from "../number.js";
import { imageFolder, shown } from "../paths.js";
import { Steps } from "../progress.js";
import { strip } from "../seal.js";
import { HEADER, makeKey, makePackage, readKey } from "./package.js";
import { Link, UPDATE_PORT } from "./transfer.js";

/** Makes a key that signs packages. */
export function keygen(file: string): number {
  makeKey(file);
  process.stderr.write(`signs packages, keep it secret: ${file}\nfor --updatable: ${file}.pub\n`);
  return ExitCode.Ok;
}

/** How a package is signed. */
export interface SignOptions {
  /** File of the private key. */
  readonly key: string;
  /** Grows from package to package. */
  readonly version: string;
  /** The package. */
  readonly to: string;
  readonly older: boolean;
}

/**
 * Makes a package of a line.
 * @throws {ToolError} and what `freezeLine` throws for a line that does not work
 */
export async function signLine(board: Board, line: string, options: SignOptions): Promise<number> {
  const version = Number(options.version);
  if (!Number.isInteger(version) || version < 1 || version > 0xfffffffe) {
    throw usage(`--package-version takes a number from 1 on, not "${options.version}"`);
  }
  const key = readKey(options.key);
  const steps = new Steps(1);
  steps.next("settling the line");
  try {
    const scratch = path.join(imageFolder(`${board.name}-package`), "made");
    const image = await freezeLine(board, line, scratch, { engine: "wasm3", progress: (what) => steps.at(what) });
    if (!image.bootLog) throw usage("only frozen lines can be brought to a board");
    const module = strip(image.wasm);
    const { arena } = interpreterSizes(module, { memory: image.memory });
    const { memory, ring, elements, bootLog: log } = image;
    const parts = {
      board: board.name,
      version,
      older: options.older,
      memory,
      arena,
      ring,
      module,
      log,
      line,
      elements,
    };
    const bytes = makePackage(parts, key);
    writeFileSync(options.to, bytes);
    steps.settle();
    process.stderr.write(
      `package: ${shown(options.to)}, version ${version}, ${bytes.length} bytes, module ${image.hash.slice(0, 16)}\n`,
    );
    return ExitCode.Ok;
  } finally {
    steps.settle();
  }
}

/**
 * Brings a package to a board.
 * @param to HOST or HOST:PORT
 * @throws {ToolError} when the board refuses it or is silent
 */
export async function update(file: string, to: string): Promise<number> {
  if (!existsSync(file)) throw usage(`there is no ${file}`);
  const bytes = readFileSync(file);
  if (bytes.length < HEADER || bytes.toString("latin1", 0, 6) !== "G2GPKG") throw usage(`${file} is no package`);
  const m = /^([\w.-]+)(?::(\d{1,5}))?$/.exec(to);
  const port = Number(m?.[2] ?? UPDATE_PORT);
  if (!m || !isPort(port)) throw usage(`--to takes HOST or HOST:PORT, not "${to}"`);
  const link = new Link(m[1], port);
  const tty = process.stderr.isTTY;
  try {
    const state = await link.hello();
    process.stderr.write(
      `${state.board} has version ${state.version}${state.good ? ` in slot ${state.good}` : ", built in"}\n`,
    );
    await link.send(bytes, (done, all) => {
      if (tty) process.stderr.write(`\r${done} of ${all} bytes`);
    });
    if (tty) process.stderr.write("\n");
    process.stderr.write("the board has it and starts it on trial\n");
    return ExitCode.Ok;
  } finally {
    link.close();
  }
}
