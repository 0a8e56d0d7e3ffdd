#!/usr/bin/env node
import { Command, InvalidArgumentError } from "commander";
import { ExitCode } from "./cli/exit.js";
import { addFirmware } from "./cli/firmware.js";

/** A number of bytes: 64M, 1G, 500k or plain. */
function bytes(text: string): number {
  const m = /^(\d+)([kKmMgG]?)$/.exec(text);
  const n = m ? Number(m[1]) * 1024 ** " kmg".indexOf(m[2].toLowerCase() || " ") : NaN;
  if (!(n > 0 && n <= 0xffff0000)) throw new InvalidArgumentError("It must be a number such as 64M, at most 4095M.");
  return n;
}

/** All values of an option that is given more than once. */
function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

const EXIT_CODES = `
Exit codes:
  0    all went well
  1    the pipeline failed
  2    the command or the launch line is wrong
  3    a replay did not give what was recorded
  130  interrupted (SIGINT); 143 ended (SIGTERM)`;

const HOSTS = `
Hosts:
  ./g2g --host node COMMAND    runs the command in Node, which is the default
  ./g2g --host native COMMAND  runs it in one binary (launch, inspect, replay), and builds that first where it has to be done`;

const program = new Command("g2g")
  .description("glass2glass: multimedia pipelines")
  .version(G2G_VERSION)
  .exitOverride()
  .addHelpText("after", EXIT_CODES)
  .addHelpText("after", HOSTS)
  .addHelpText("after", '\nExample:\n  g2g launch "fakesrc num-buffers=10 ! identity ! fakesink"');

/** Runs a command and keeps its exit code. */
function run(command: () => Promise<number>): Promise<void> {
  return command().then((code) => {
    process.exitCode = code;
  });
}

program
  .command("launch")
  .description("build a pipeline from a line and run it to its end")
  .argument("<line...>", "the launch line, in one argument or in several")
  .option("-v, --verbose", "print the caps and the memory domain of each link as they are settled")
  .option("-q, --quiet", "print nothing but errors")
  .option("-m, --messages", "print all messages of the bus")
  .option("--stats <file>", "write the ledgers (elements, copies, links, memory) as JSON; - for the standard output")
  .option("--time", "print how long the pipeline ran, from the first state to the end")
  .option("--record <file>", "record the run, for g2g replay")
  .option("--record-digests", "record hashes of what is read from files, not the data")
  .option("--max-memory <bytes>", "ceiling of the memory, such as 64M; 256M without it", bytes)
  .option("--no-simd", "run the core that has no SIMD instructions")
  .option("--no-position", "show no progress")
  .option("--convert", "put converters in where memory domains do not meet")
  .addHelpText("after", '\nExample:\n  g2g launch -v "filesrc location=in.ts ! tsdemux ! h264parse ! fakesink"')
  .action((words: string[], options: Record<string, unknown>) =>
    run(async () => (await import("./cli/launch.js")).launchCommand(words, options)),
  );

program
  .command("inspect")
  .description("list the elements, or tell what one of them is and can")
  .argument("[element]", "name of an element")
  .option("--json", "print the tables as JSON")
  .addHelpText("after", "\nExample:\n  g2g inspect queue")
  .action((element: string | undefined, options: { json?: boolean }) =>
    run(async () => (await import("./cli/inspect.js")).inspectCommand(element, options)),
  );

program
  .command("replay")
  .description("repeat a recorded run and check that it gives the same")
  .argument("<file>", "a recording, made with g2g launch --record=FILE")
  .option("--output <folder>", "write what the sinks wrote into this folder")
  .option("--core <file>", "the core to run; it must be the one that made the recording")
  .option("--input <name=file>", "where a file is now that a recording with digests names; can be given again", collect)
  .option("-m, --messages", "print all messages of the bus")
  .addHelpText(
    "after",
    '\nExample:\n  g2g launch --record=run.g2g "fakesrc num-buffers=3 ! fakesink" && g2g replay run.g2g',
  )
  .action((file: string, options: Record<string, unknown>) =>
    run(async () => (await import("./cli/replay.js")).replayCommand(file, options)),
  );

program
  .command("probe")
  .description("tell what a media file holds")
  .argument("<file>", "a media file")
  .option("--packets", "print a JSON object a line for each packet, as it leaves the demuxer")
  .option("--parse <when>", "put parsers behind the demuxer: auto, always or never", "auto")
  .option("--json", "print JSON")
  .option("--max-memory <bytes>", "ceiling of the memory, such as 64M; 256M without it", bytes)
  .addHelpText("after", "\nExample:\n  g2g probe --packets in.mp4")
  .action((file: string, options: Record<string, unknown>) =>
    run(async () => (await import("./cli/probe.js")).probeCommand(file, options)),
  );

program
  .command("demo")
  .description("make a small clip and remux it")
  .argument("[folder]", "where the files go; a new folder for temporary files without it")
  .addHelpText("after", "\nExample:\n  g2g demo /tmp/clip")
  .action((folder: string | undefined) => run(async () => (await import("./cli/demo.js")).demoCommand(folder)));

addFirmware(program, run);

try {
  await program.parseAsync();
} catch (error) {
  const { exitCode, code } = error as { exitCode?: number; code?: string };
  // Help that was asked for is no error.
  if (code === undefined || !code.startsWith("commander.")) throw error;
  process.exitCode = exitCode === 0 || code === "commander.helpDisplayed" ? ExitCode.Ok : ExitCode.Usage;
}
