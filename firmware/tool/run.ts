import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { ExitCode } from "../../node-host/src/cli/exit.js";
import type { Board } from "./board.js";
import { Elf } from "./elf.js";
import { Forward, qemuArgs } from "./emulator.js";
import { ToolError, usage } from "./errors.js";
import { shellText } from "./flash.js";
import { findProgram } from "./paths.js";
import { runRp2040 } from "./rp2040.js";

/** How an image is run. */
export interface RunOptions {
  /** Seconds after which it is ended. */
  readonly timeout?: number;
  readonly forwards: readonly Forward[];
  /** Arguments for the emulator. */
  readonly more: readonly string[];
  /** Shows the command. */
  readonly verbose: boolean;
}

/** Time that an emulator has to end when it is asked to, ms. */
const PATIENCE = 2000;

const SIGNALS = { SIGINT: ExitCode.Interrupted, SIGTERM: ExitCode.Terminated } as const;

/**
 * Runs an image in its board's emulator, with the board's console on the terminal.
 * @returns the exit code: that of the pipeline, or why it was ended
 * @throws {ToolError} when there is no emulator
 */
export async function runImage(board: Board, elf: string, options: RunOptions): Promise<number> {
  if (!board.emulator) throw usage(`${board.name} has no emulator: g2g firmware flash --board ${board.name}`);
  const stop = new AbortController();
  const end = (code: ExitCode): void => stop.abort(code);
  const handlers = Object.entries(SIGNALS).map(([signal, code]) => [signal, () => end(code)] as const);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  const timer = options.timeout === undefined ? null : setTimeout(() => end(ExitCode.TimedOut), options.timeout * 1000);
  try {
    const run =
      "args" in board.emulator ? runQemu(board, elf, options, stop.signal) : runChip(elf, options, stop.signal);
    const code = await run;
    if (stop.signal.aborted) {
      const reason = stop.signal.reason as ExitCode;
      if (reason === ExitCode.TimedOut) process.stderr.write(`ended after ${options.timeout} s\n`);
      return reason;
    }
    return code === 0 ? ExitCode.Ok : ExitCode.Failed;
  } finally {
    if (timer) clearTimeout(timer);
    for (const [signal, handler] of handlers) process.off(signal, handler);
  }
}

async function runQemu(board: Board, elf: string, options: RunOptions, stop: AbortSignal): Promise<number> {
  const { program } = board.emulator!;
  const path = findProgram(program);
  if (!path) throw new ToolError(`no ${program} on the PATH\non Debian: apt-get install qemu-system-arm`);
  const args = qemuArgs(board, elf, options.forwards, options.more);
  if (options.verbose) process.stderr.write(`${shellText([program, ...args])}\n`);
  const child = spawn(path, args, { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    stop.addEventListener("abort", () => {
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), PATIENCE).unref();
    });
    child.on("error", (error) => reject(new ToolError(`${program} does not start: ${error.message}`)));
    child.on("close", (code) => resolve(code ?? 1));
  });
}

function runChip(elf: string, options: RunOptions, signal: AbortSignal): Promise<number> {
  if (options.more.length || options.forwards.length) throw usage("rp2040js takes no arguments and has no network");
  const { stdin } = process;
  const input = (give: (byte: number) => void): void => {
    stdin.on("data", (data: Buffer) => data.forEach(give));
    // A file has no unref, and no end that would be waited for.
    (stdin as { unref?: () => void }).unref?.();
  };
  const console = (bytes: Uint8Array): void => void process.stdout.write(bytes);
  return runRp2040(new Elf(readFileSync(elf)).pieces(), { console, input, signal }).finally(() => stdin.pause());
}
