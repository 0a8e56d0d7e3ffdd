import { copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Board } from "./board.js";
import { Budget, budgetText, makeBudget } from "./budget.js";
import { Built, TooLarge, cargoBuild } from "./cargo.js";
import { Elf } from "./elf.js";
import { ToolError, usage } from "./errors.js";
import { imageFiles } from "./flash.js";
import { toBin } from "./formats/bin.js";
import { toHex } from "./formats/hex.js";
import { toUf2 } from "./formats/uf2.js";
import { archiveParts } from "./parts.js";
import { imageFolder, shown } from "./paths.js";
import { PrepareOptions, prepareCompiler, prepareImage, prepareSteps } from "./prepare.js";
import { Steps } from "./progress.js";
import { RecordTarget, writeTarget } from "./record.js";
import { stackOf } from "./stack.js";
import { writeUpdate } from "./update/target.js";
import { boardForWhole } from "./whole.js";
import { ImageNote, writeMemoryX } from "./write.js";

/** What an image is built of. */
export interface BuildOptions extends PrepareOptions {
  /** Whether it is to end its emulator when its pipeline ends. */
  readonly emulator: boolean;
  /** Features of the board's program, besides those that the board always has. */
  readonly features?: readonly string[];
  /** Records the run, and sends it there. */
  readonly record?: RecordTarget;
  /** File of the key that signs packages for it in the field. */
  readonly updatable?: string;
}

/** The image that a folder holds. */
export interface ImageBuilt {
  readonly folder: string;
  readonly note: ImageNote;
}

/** The static libraries in what build scripts made. */
function archivesOf(built: Built): ImageNote["archives"] {
  return built.outputs.flatMap(({ crate, folder }) =>
    existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => name.endsWith(".a"))
          .map((name) => ({ crate, file: path.join(folder, name) }))
      : [],
  );
}

/** The budget of an image. */
export function budgetOf(elf: Elf, given: Board, note: ImageNote): Budget {
  const board = note.whole ? boardForWhole(given) : given;
  const archives = note.archives.filter((a) => existsSync(a.file));
  const libraries = archiveParts(
    archives.map(({ crate, file }) => ({ crate, name: path.basename(file), data: readFileSync(file) })),
  );
  const { crate, memory } = note;
  return makeBudget({ elf, board, libraries, crate, memory, stack: stackOf(elf) });
}

/** The heading of a budget. */
export function budgetTitle(note: ImageNote): string {
  const engine = note.engine === "aot" ? `aot, ${note.checked ? "checked" : "UNCHECKED"}` : note.engine;
  return `${note.board}: ${note.line} (${engine})`;
}

/**
 * Builds an image.
 * @throws {ToolError} and what `freezeLine` throws for a line that does not work
 */
export async function buildImage(given: Board, line: string, options: BuildOptions): Promise<ImageBuilt> {
  const board = options.whole ? boardForWhole(given) : given;
  const { engine } = options;
  const steps = new Steps(prepareSteps(engine) + 3);
  try {
    const { image, folder } = await prepareImage(board, line, options, steps);
    if (options.record) writeTarget(folder, options.record);
    if (options.updatable !== undefined) writeUpdate(folder, board, image, engine, options.updatable);
    steps.next(`compiling for ${board.cpu}`);
    const { tools, env } = prepareCompiler(board, options, steps);
    const emulator = options.emulator && board.emulator !== null;
    const features = [
      engine,
      ...image.elements,
      ...board.features,
      ...(options.features ?? []),
      ...(emulator ? ["emulator"] : []),
      ...(options.record ? ["record"] : []),
      ...(options.updatable === undefined ? [] : ["update"]),
    ];
    const progress = (what: string): void => steps.at(what);
    const cargo = { board, env, image: folder, features, tools, verbose: options.verbose, progress };
    let built: Built;
    let fits = true;
    try {
      built = await cargoBuild(cargo);
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      fits = false;
      // Linked where there is room for it, so that the table can say what takes how much.
      writeMemoryX(folder, board, true);
      built = await cargoBuild(cargo).finally(() => writeMemoryX(folder, board));
    }
    const { elements, hash, report } = image;
    const note: ImageNote = {
      ...{ board: board.name, line, engine, checked: options.checked, hash, elements, memory: report },
      ...{ crate: built.crate, archives: archivesOf(built), emulator },
      ...(options.whole ? { whole: true } : {}),
      ...(options.record ? { record: { host: options.record.host, port: options.record.port } } : {}),
    };
    steps.next("counting bytes");
    const elf = new Elf(readFileSync(built.executable));
    const budget = budgetOf(elf, board, note);
    const table = budgetText(budget, budgetTitle(note), engine);
    if (!fits || budget.excess.length) {
      steps.settle();
      throw new ToolError(`the image does not fit ${board.name}\n${table}`);
    }
    steps.next("writing the image");
    writeFormats(folder, board, built.executable, elf);
    writeFileSync(path.join(folder, "image.json"), `${JSON.stringify(note, null, 2)}\n`);
    steps.settle();
    process.stdout.write(`${table}\n`);
    if (!report.sealed && !options.whole) {
      process.stderr.write("note: some caps are known only when it runs, so negotiation stays in the module\n");
    }
    if (options.tight && !report.tight) process.stderr.write("note: --tight has left nothing out\n");
    if (report.misread) {
      const real = "a real stream may need more memory than was measured: --memory";
      process.stderr.write(`note: the trials at the desk ended with their made-up data (${report.misread}); ${real}\n`);
    }
    if (report.allocations) {
      process.stderr.write(`note: it takes memory ${report.allocations} times after the start, then no more\n`);
    }
    if (!options.checked) process.stderr.write("warning: accesses to memory are not checked (--unchecked)\n");
    process.stderr.write(`image: ${shown(imageFiles(folder).elf)}, module ${hash.slice(0, 16)}\n`);
    return { folder, note };
  } finally {
    steps.settle();
  }
}

/** The file formats of an image. */
function writeFormats(folder: string, board: Board, executable: string, elf: Elf): void {
  const files = imageFiles(folder);
  const pieces = elf.pieces();
  copyFileSync(executable, files.elf);
  writeFileSync(files.bin, toBin(pieces, board.flash.length));
  writeFileSync(files.hex, toHex(pieces, elf.entry));
  const uf2 = board.flashWith.find((m) => m.method === "uf2");
  if (uf2) writeFileSync(files.uf2, toUf2(pieces, uf2.family));
}

/**
 * The image that was built last under a name.
 * @throws {ToolError} when there is none, or it is for another board
 */
export function builtImage(board: Board, name: string): ImageBuilt {
  const folder = imageFolder(name);
  let note: ImageNote;
  try {
    note = JSON.parse(readFileSync(path.join(folder, "image.json"), "utf8")) as ImageNote;
  } catch {
    throw usage(
      `no image for ${board.name} in ${shown(folder)}\nbuild one: g2g firmware build --board ${board.name} "<line>"`,
    );
  }
  if (note.board !== board.name) throw usage(`the image ${name} is for ${note.board}, not for ${board.name}`);
  return { folder, note };
}
