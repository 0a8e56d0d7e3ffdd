// `g2g firmware`: what its commands do. The command line is described in node-host/src/cli/firmware.ts.
import { readFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { ExitCode } from "../../node-host/src/cli/exit.js";
import type { FirmwareTool } from "../../node-host/src/cli/firmware.js";
import { joinWords } from "../../node-host/src/cli/launch.js";
import { Board, boardNames, loadBoard } from "./board.js";
import { budgetOf, budgetTitle, buildImage, builtImage } from "./build.js";
import { budgetText } from "./budget.js";
import { bootVolumes, copyTo } from "./copy.js";
import { Elf } from "./elf.js";
import { parseForward } from "./emulator.js";
import { ToolError, usage } from "./errors.js";
import { FlashPlan, chooseMethod, flashPlan, imageFiles, shellText } from "./flash.js";
import type { Engine } from "./image.js";
import { buildLibrary, elementTables, libraryBoard } from "./library.js";
import { grouped, parseNumber } from "./number.js";
import { boardsFolder, findProgram, shown } from "./paths.js";
import { parseTarget } from "./record.js";
import { recordRun } from "./recordrun.js";
import { runImage } from "./run.js";
import { keygen, signLine, update } from "./update/commands.js";

const ENGINES: readonly string[] = ["aot", "wasm3"];

/** Runs a command; errors that a person can act on are printed. */
async function told(command: () => Promise<number> | number): Promise<number> {
  try {
    return await command();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    return error.exitCode;
  }
}

function memoryOption(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bytes = parseNumber(text);
  if (!(bytes >= 1024 && bytes <= 0x10000000)) throw usage(`--memory takes bytes, such as 24K, not "${text}"`);
  return bytes & ~15;
}

function engineOption(text: string): Engine {
  if (!ENGINES.includes(text)) throw usage(`no engine "${text}"; there are: ${ENGINES.join(", ")}`);
  return text as Engine;
}

function featuresOption(names: readonly string[] = []): readonly string[] {
  for (const name of names) {
    if (!/^[a-z][\w-]*$/.test(name)) throw usage(`--with takes the name of a feature, not "${name}"`);
  }
  return names;
}

function secondsOption(text: string | undefined): number | undefined {
  const seconds = text === undefined ? undefined : Number(text);
  if (seconds !== undefined && !(seconds > 0)) throw usage(`--timeout takes seconds, not "${text}"`);
  return seconds;
}

function boardRow(board: Board): string {
  const run = board.hardwareOnly ? "hardware only" : board.emulator!.program;
  const size = `${board.flash.length / 1024} KiB flash, ${board.ram.length / 1024} KiB RAM`;
  const flash = board.flashWith.map((m) => m.method).join(", ") || "-";
  return `${board.name.padEnd(16)}${board.doc}\n${" ".repeat(16)}${board.cpu}, ${size}; runs in: ${run}; flashed with: ${flash}`;
}

/** Flashes by a copy to a volume. */
function copyPlan(plan: FlashPlan & { kind: "copy" }, volume: string | undefined, dryRun: boolean): void {
  const found = volume === undefined ? bootVolumes(plan.boardId) : [volume];
  const place = found[0] ?? "VOLUME";
  process.stderr.write(`${shellText(["cp", plan.file, place])}\n`);
  if (dryRun) return;
  if (!found.length) throw new ToolError(`no volume of a boot loader is mounted\n${plan.hint}, or name it: --volume`);
  if (found.length > 1) throw new ToolError(`several volumes: ${found.join(", ")}\nname one: --volume`);
  const size = readFileSync(plan.file).length;
  const show = (bytes: number): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r${grouped(bytes)} of ${grouped(size)} bytes`);
  };
  copyTo(plan.file, place, show);
  if (process.stderr.isTTY) process.stderr.write("\n");
}

/** Flashes with programs; what they say goes to the terminal. */
function runPlan(plan: FlashPlan & { kind: "run" }, dryRun: boolean): void {
  for (const command of plan.commands) {
    process.stderr.write(`${shellText(command)}\n`);
    if (dryRun) continue;
    const program = findProgram(command[0]);
    if (!program) throw new ToolError(`no ${command[0]} on the PATH\ninstall it: ${plan.install}`);
    const { status, signal, error } = spawnSync(program, command.slice(1), { stdio: "inherit" });
    if (error) throw new ToolError(`${command[0]} does not start: ${error.message}`);
    if (status !== 0) throw new ToolError(`${command[0]} ended with ${status ?? signal}`);
  }
}

/** The commands; each gives an exit code. */
export const tool: FirmwareTool = {
  build: (words, o) =>
    told(async () => {
      const board = loadBoard(o.board);
      await buildImage(board, joinWords(words), {
        engine: engineOption(o.engine),
        checked: !o.unchecked,
        tight: Boolean(o.tight),
        whole: Boolean(o.whole),
        memory: memoryOption(o.memory),
        name: o.name ?? board.name,
        emulator: !o.hardware,
        features: featuresOption(o.with),
        record: o.record === undefined ? undefined : parseTarget(board, o.record, o.reproducible),
        updatable: o.updatable,
        verbose: Boolean(o.verbose),
      });
      return ExitCode.Ok;
    }),

  library: (words, o) =>
    told(async () => {
      const board = libraryBoard(o.board);
      await buildLibrary(board, joinWords(words), {
        engine: engineOption(o.engine),
        checked: !o.unchecked,
        memory: memoryOption(o.memory),
        name: o.name ?? `${board.name}-library`,
        elements: elementTables(o.elements ?? []),
        verbose: Boolean(o.verbose),
      });
      return ExitCode.Ok;
    }),

  run: (more, o) =>
    told(async () => {
      const board = loadBoard(o.board);
      const timeout = secondsOption(o.timeout);
      const forwards = (o.forward ?? []).map(parseForward);
      const { folder } = builtImage(board, o.name ?? board.name);
      return runImage(board, imageFiles(folder).elf, { timeout, forwards, more, verbose: Boolean(o.verbose) });
    }),

  record: (more, o) =>
    told(() => {
      const board = loadBoard(o.board);
      return recordRun(board, builtImage(board, o.name ?? board.name), {
        to: o.to,
        from: o.from,
        timeout: secondsOption(o.timeout),
        more,
        verbose: Boolean(o.verbose),
      });
    }),

  keygen: (file) => told(() => keygen(file)),

  sign: (words, o) =>
    told(() => {
      const { key, to, packageVersion: version } = o;
      return signLine(loadBoard(o.board), joinWords(words), { key, to, version, older: Boolean(o.allowOlder) });
    }),

  update: (file, o) => told(() => update(file, o.to)),

  flash: (o) =>
    told(() => {
      const board = loadBoard(o.board);
      const method = chooseMethod(board, o.method);
      const { folder, note } = builtImage(board, o.name ?? board.name);
      if (note.emulator) {
        process.stderr.write("warning: this image is for the emulator; build it with --hardware for the board\n");
      }
      const plan = flashPlan(board, method, imageFiles(folder));
      if (plan.kind === "copy") copyPlan(plan, o.volume, Boolean(o.dryRun));
      else runPlan(plan, Boolean(o.dryRun));
      return ExitCode.Ok;
    }),

  boards: (o) =>
    told(() => {
      const boards = boardNames().map((name) => loadBoard(name));
      if (!boards.length) throw new ToolError(`there is no board in ${shown(boardsFolder)}`);
      process.stdout.write(`${o.json ? JSON.stringify(boards, null, 2) : boards.map(boardRow).join("\n")}\n`);
      return ExitCode.Ok;
    }),

  budget: (o) =>
    told(() => {
      const board = loadBoard(o.board);
      const { folder, note } = builtImage(board, o.name ?? board.name);
      const budget = budgetOf(new Elf(readFileSync(imageFiles(folder).elf)), board, note);
      const text = o.json ? JSON.stringify(budget, null, 2) : budgetText(budget, budgetTitle(note), note.engine);
      process.stdout.write(`${text}\n`);
      return budget.excess.length ? ExitCode.Failed : ExitCode.Ok;
    }),
};

export { compileToC } from "./aot.js";
export { archiveMembers } from "./ar.js";
export { loadBoard, parseBoard } from "./board.js";
export { budgetOf, buildImage, builtImage } from "./build.js";
export { budgetText, makeBudget } from "./budget.js";
export { cargoArgs, cargoPosition, diagnostics, packageName, saysTooLarge } from "./cargo.js";
export { bootVolumes, copyTo } from "./copy.js";
export { Elf } from "./elf.js";
export { parseForward, qemuArgs } from "./emulator.js";
export { chooseMethod, flashPlan, imageFiles, isBootVolume, mountPoints, shellText } from "./flash.js";
export { evaluate } from "./formula.js";
export { freezeLine } from "./freeze.js";
export { toBin } from "./formats/bin.js";
export { toHex } from "./formats/hex.js";
export { toUf2 } from "./formats/uf2.js";
export { buildLibrary, elementTables, libraryBoard } from "./library.js";
export { crateOfFile, sourceStretches } from "./lines.js";
export { interpreterSizes } from "./interpreter.js";
export { memoryX } from "./memoryx.js";
export { parseNumber } from "./number.js";
export { cargoFolder } from "./paths.js";
export { archiveParts, crateOf, partOf } from "./parts.js";
export { collectRecording, parseSource, parseTarget, writeTarget } from "./record.js";
export { Collector } from "./recording/collector.js";
export { SerialPackets, fromCobs, readPacket } from "./recording/packet.js";
export { runRp2040 } from "./rp2040.js";
export { runImage } from "./run.js";
export { strip } from "./seal.js";
export { semihostingCall } from "./semihosting.js";
export { frames, stackOf } from "./stack.js";
export { makeKey, makePackage, readKey, readPublicKey } from "./update/package.js";
export { Link } from "./update/transfer.js";
export { checkGcc, chooseRust, crateFolders, pathFlags, withoutRustup } from "./toolchain.js";
export { imageRs, rustText, writeImage } from "./write.js";
