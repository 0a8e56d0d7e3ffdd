// The firmware core as a static library for programs in C: firmware/c.
import { copyFileSync, existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { HostFault } from "../../node-host/src/core/errors.js";
import type { Board } from "./board.js";
import { loadBoard, readBoard } from "./board.js";
import { cargoBuild } from "./cargo.js";
import { descriptorOf } from "./elements.js";
import { usage } from "./errors.js";
import type { BoardElement } from "./modelhost.js";
import { root, shown } from "./paths.js";
import { PrepareOptions, prepareCompiler, prepareImage, prepareSteps } from "./prepare.js";
import { Steps } from "./progress.js";

/** The crate. */
const CRATE = path.join(root, "firmware/c");

/** What a program is linked with. */
export interface LibraryBuilt {
  readonly folder: string;
  /** libg2g.a. */
  readonly library: string;
  /** g2g.h. */
  readonly header: string;
  /** SHA-256 of the module, hexadecimal. */
  readonly hash: string;
}

/**
 * The board that a program runs on: one of the repository's by its name, or another's file.
 * @throws {ToolError} when there is none, or its file is not as it should be
 */
export function libraryBoard(name: string): Board {
  if (!name.endsWith(".json")) return loadBoard(name);
  if (!existsSync(name)) throw usage(`no file ${name}`);
  return readBoard(name);
}

function readTable(file: string): BoardElement {
  try {
    const table = JSON.parse(readFileSync(file, "utf8")) as BoardElement;
    if (typeof table?.name !== "string" || !Array.isArray(table.pads)) throw new HostFault("name or pads are missing");
    descriptorOf(table);
    return table;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof HostFault) throw usage(`${file}: ${error.message}`);
    throw error;
  }
}

/**
 * The tables of a program's elements.
 * @param places files, and folders whose .json files are all taken
 * @throws {ToolError} naming the file that is none, or not as it should be
 */
export function elementTables(places: readonly string[]): BoardElement[] {
  const tables = places.flatMap((place) => {
    if (!existsSync(place)) throw usage(`no file or folder ${place}`);
    if (!statSync(place).isDirectory()) return [readTable(place)];
    const files = readdirSync(place).filter((f) => f.endsWith(".json"));
    return files.sort().map((f) => readTable(path.join(place, f)));
  });
  const twice = tables.find((t, i) => tables.findIndex((u) => u.name === t.name) < i);
  if (twice) throw usage(`there are two tables of ${twice.name}`);
  return tables;
}

/**
 * Builds a library.
 * @throws {ToolError} and what `freezeLine` throws for a line that does not work
 */
export async function buildLibrary(board: Board, line: string, options: PrepareOptions): Promise<LibraryBuilt> {
  const { engine, verbose } = options;
  const steps = new Steps(prepareSteps(engine) + 1);
  try {
    const { image, folder } = await prepareImage(board, line, options, steps);
    steps.next(`compiling for ${board.cpu}`);
    const { tools, env } = prepareCompiler(board, options, steps);
    const { executable } = await cargoBuild({
      ...{ env, image: folder, tools, verbose, features: [engine] },
      board: { ...board, folder: CRATE },
      progress: (what) => steps.at(what),
    });
    const library = path.join(folder, "libg2g.a");
    const header = path.join(folder, "g2g.h");
    copyFileSync(executable, library);
    copyFileSync(path.join(CRATE, "include/g2g.h"), header);
    steps.settle();
    const { hash, memory } = image;
    process.stderr.write(`library: ${shown(library)}, header ${shown(header)}\n`);
    process.stderr.write(`module ${hash.slice(0, 16)}, ${memory} bytes of linear memory (G2G_MEMORY)\n`);
    if (!options.checked) process.stderr.write("warning: accesses to memory are not checked (--unchecked)\n");
    return { folder, library, header, hash };
  } finally {
    steps.settle();
  }
}
