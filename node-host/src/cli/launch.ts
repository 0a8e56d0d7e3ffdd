import { writeFileSync } from "node:fs";
import { HostFault, PipelineError } from "../core/errors.js";
import { Pipeline, launch } from "../pipeline.js";
import { domainOf } from "../stats.js";
import { ExitCode } from "./exit.js";
import { toJson } from "./json.js";
import { describeMessage } from "./message.js";
import { Progress } from "./progress.js";

/** Elements that only make sense in a program. */
const FOR_PROGRAMS = ["appsrc", "appsink"];

/** The launch line of several words: white space inside a property belongs to its value. */
export function joinWords(words: string[]): string {
  if (words.length === 1) return words[0];
  return words.map((w) => (/^[\w-]+=[^"']*\s/.test(w) ? w.replace(/[\s\\]/g, "\\$&") : w)).join(" ");
}

/** Writes a line of text to stderr. */
function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Prints the links whose caps have been settled or changed since the last call. */
function linkPrinter(pipeline: Pipeline): () => void {
  const known = new Map<string, string>();
  return () => {
    for (const element of pipeline.graph()) {
      for (const pad of element.pads) {
        if (pad.direction !== "src" || !pad.peer || !pad.caps) continue;
        const link = `${element.name}.${pad.name} -> ${pad.peer.element}.${pad.peer.pad}`;
        if (known.get(link) === pad.caps) continue;
        known.set(link, pad.caps);
        say(`${link}: ${pad.caps} [${domainOf(pad.caps)} memory]`);
      }
    }
  };
}

/** `g2g launch`: the exit code. */
export async function launchCommand(words: string[], options: Record<string, unknown>): Promise<number> {
  let pipeline: Pipeline;
  const line = joinWords(words);
  try {
    pipeline = await launch(line, {
      memory: options.maxMemory as number | undefined,
      simd: options.simd === false ? false : undefined,
      record: options.record ? { file: options.record as string, digests: Boolean(options.recordDigests) } : undefined,
      statistics: options.stats !== undefined,
      convert: Boolean(options.convert),
    });
  } catch (error) {
    say(`error: ${launchError(error, line)}`);
    return ExitCode.Usage;
  }
  const app = pipeline.graph().find((e) => FOR_PROGRAMS.includes(e.factory));
  if (!app) return runPipeline(pipeline, options);
  say(`error: ${app.name}: ${app.factory} is for programs that use the library`);
  await pipeline.close();
  return ExitCode.Usage;
}

/** Why a line could not be built; a long line is shown with the place. Other errors than those of a line are thrown on. */
export function launchError(error: unknown, line: string): string {
  if (!(error instanceof Error)) throw error;
  if (!(error instanceof PipelineError)) return error.message;
  const column = /\(?(?:at )?column (\d+)\)?/.exec(error.report.reason)?.[1];
  const pointer =
    column && line.length > 20 && !line.includes("\n") ? `\n  ${line}\n  ${" ".repeat(Number(column) - 1)}^` : "";
  return error.message + pointer;
}

async function runPipeline(pipeline: Pipeline, options: Record<string, unknown>): Promise<number> {
  const progress = options.quiet || options.position === false ? null : new Progress(pipeline);
  let interrupted = 0;
  const interrupt = (code: number) => (): void => {
    progress?.clear();
    if (interrupted) void pipeline.stop();
    else {
      if (!options.quiet) say("ending the streams; once more to stop at once");
      pipeline.sendEos();
    }
    interrupted = code;
  };
  const signals = { SIGINT: interrupt(ExitCode.Interrupted), SIGTERM: interrupt(ExitCode.Terminated) };
  for (const [signal, run] of Object.entries(signals)) process.on(signal, run);
  if (options.verbose) {
    const print = linkPrinter(pipeline);
    pipeline.onStep = () => {
      progress?.clear();
      print();
    };
  }
  const printing = printMessages(pipeline, options, progress);
  let failed = false;
  const fail = (what: string, error: unknown): void => {
    if (!(error instanceof Error)) throw error;
    failed = true;
    progress?.clear();
    say(`error: ${what}${error.message}`);
  };
  try {
    await pipeline.play();
    await pipeline.done;
  } catch (error) {
    // A stop before it played is no failure.
    if (!interrupted || !(error instanceof HostFault)) fail("", error);
  }
  progress?.end();
  try {
    if (options.time) say(`ran for ${(Number(pipeline.stats().time.running) / 1e9).toFixed(6)} s`);
    writeStats(pipeline, options.stats as string | undefined);
  } catch (error) {
    fail("the ledgers cannot be written: ", error);
  }
  await pipeline.close().catch((error: unknown) => fail("", error));
  await printing;
  for (const [signal, run] of Object.entries(signals)) process.off(signal, run);
  return interrupted || (failed ? ExitCode.Failed : ExitCode.Ok);
}

async function printMessages(
  pipeline: Pipeline,
  options: Record<string, unknown>,
  progress: Progress | null,
): Promise<void> {
  for await (const m of pipeline.bus) {
    const warning = m.type === "warning" && !options.quiet;
    if (!warning && !options.messages) continue;
    progress?.clear();
    say(describeMessage(m));
  }
}

function writeStats(pipeline: Pipeline, file: string | undefined): void {
  if (file === undefined) return;
  const text = `${toJson(pipeline.stats(), 2)}\n`;
  if (file === "-") process.stdout.write(text);
  else writeFileSync(file, text);
}
