import { ExitCode } from "../../node-host/src/cli/exit.js";
import { endingsOf, restartsText } from "../../node-host/src/cli/replay.js";
import { Divergence, replay } from "../../node-host/src/record/replay.js";
import type { Board } from "./board.js";
import type { ImageBuilt } from "./build.js";
import { usage } from "./errors.js";
import { imageFiles } from "./flash.js";
import { shown } from "./paths.js";
import { RecordingSource, collectRecording, parseSource } from "./record.js";
import { runImage } from "./run.js";

/** What `g2g firmware record` was asked for. */
export interface RecordRun {
  /** The recording. */
  readonly to: string;
  /** A board that runs; without it the image runs in its emulator. */
  readonly from?: string;
  /** Seconds after which it is ended. */
  readonly timeout?: number;
  /** Arguments for the emulator. */
  readonly more: readonly string[];
  readonly verbose: boolean;
}

/**
 * Records a run, then repeats it.
 * @returns the exit code
 * @throws {ToolError} when nothing comes, or the board runs another image
 */
export async function recordRun(board: Board, { folder, note }: ImageBuilt, wanted: RecordRun): Promise<number> {
  if (!note.record) throw usage("this image records nothing: build it with --record");
  const emulated = wanted.from === undefined && board.emulator !== null && note.emulator;
  const source: RecordingSource =
    wanted.from === undefined ? { kind: "udp", port: note.record.port } : parseSource(wanted.from);
  const stop = new AbortController();
  let ready = (): void => {};
  const listening = new Promise<void>((resolve) => (ready = resolve));
  const collecting = collectRecording(folder, { to: wanted.to, source, stop: stop.signal, ready });
  // What is wrong with it is told below.
  collecting.catch(() => {});
  await Promise.race([listening, collecting]);
  let code: number = ExitCode.Ok;
  if (emulated) {
    const { timeout, more, verbose } = wanted;
    code = await runImage(board, imageFiles(folder).elf, { timeout, forwards: [], more, verbose });
    stop.abort();
  } else {
    process.stderr.write(`waiting for the board to start; end it with Ctrl-C\n`);
    const end = (): void => stop.abort();
    process.once("SIGINT", end);
    const timer = wanted.timeout === undefined ? null : setTimeout(end, wanted.timeout * 1000);
    await collecting.finally(() => {
      if (timer) clearTimeout(timer);
      process.off("SIGINT", end);
    });
  }
  const { packets, bytes, late } = await collecting;
  if (!packets) {
    const why = late ? "the board was running already: reset it while this listens" : "nothing came from the board";
    process.stderr.write(`error: ${why}\n`);
    return ExitCode.Failed;
  }
  return check(wanted.to, bytes, code);
}

/** Says what a recording is worth. */
function check(file: string, bytes: number, code: number): number {
  try {
    const result = replay(file);
    const numbers = `${result.steps} steps, ${result.messages} messages, ${bytes} bytes from the board`;
    process.stderr.write(`recorded in ${shown(file)}: ${numbers}${restartsText(result)}\n`);
    for (const ending of endingsOf(result)) process.stderr.write(`it ${ending}\n`);
    return code;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    return error instanceof Divergence ? ExitCode.Diverged : ExitCode.Failed;
  }
}
