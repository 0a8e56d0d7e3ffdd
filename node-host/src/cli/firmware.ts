import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { ExitCode } from "./exit.js";

/** Options that say which image is meant. */
interface ImageOptions {
  board: string;
  name?: string;
}

/** Options of `g2g firmware build`. */
interface BuildOptions extends ImageOptions {
  engine: string;
  unchecked?: boolean;
  tight?: boolean;
  whole?: boolean;
  memory?: string;
  hardware?: boolean;
  with?: string[];
  record?: string;
  reproducible?: string[];
  updatable?: string;
  verbose?: boolean;
}

/** Options of `g2g firmware library`. */
interface LibraryOptions extends ImageOptions {
  engine: string;
  unchecked?: boolean;
  memory?: string;
  elements?: string[];
  verbose?: boolean;
}

/** Options of `g2g firmware run`. */
interface RunOptions extends ImageOptions {
  timeout?: string;
  forward?: string[];
  verbose?: boolean;
}

/** Options of `g2g firmware record`. */
interface RecordOptions extends ImageOptions {
  to: string;
  from?: string;
  timeout?: string;
  verbose?: boolean;
}

/** Options of `g2g firmware sign`. */
interface SignOptions {
  board: string;
  key: string;
  packageVersion: string;
  to: string;
  allowOlder?: boolean;
}

/** Options of `g2g firmware flash`. */
interface FlashOptions extends ImageOptions {
  method?: string;
  volume?: string;
  dryRun?: boolean;
}

/** What the bundle of firmware/tool gives; each command gives its exit code. */
export interface FirmwareTool {
  build(words: string[], options: BuildOptions): Promise<number>;
  library(words: string[], options: LibraryOptions): Promise<number>;
  run(more: string[], options: RunOptions): Promise<number>;
  record(more: string[], options: RecordOptions): Promise<number>;
  keygen(file: string): Promise<number>;
  sign(words: string[], options: SignOptions): Promise<number>;
  update(file: string, options: { to: string }): Promise<number>;
  flash(options: FlashOptions): Promise<number>;
  boards(options: { json?: boolean }): Promise<number>;
  budget(options: ImageOptions & { json?: boolean }): Promise<number>;
}

/** Where the tool lies, seen from the bundle of this file. It works on the sources of the firmware and is in no package. */
const TOOL = new URL("../tool/firmware.mjs", import.meta.url);

/** Runs a command of the tool. */
async function withTool(command: (tool: FirmwareTool) => Promise<number>): Promise<number> {
  if (!existsSync(fileURLToPath(TOOL))) {
    process.stderr.write(
      "error: firmware is built from the repository of glass2glass, and this is an installed package\n" +
        "run ./g2g in a checkout of it\n",
    );
    return ExitCode.Usage;
  }
  const { tool } = (await import(TOOL.href)) as { tool: FirmwareTool };
  return command(tool);
}

const EXIT_CODES = `
Exit codes:
  0    all went well
  1    the build, the pipeline on the board, or what flashes it failed; or the image does not fit the board
  2    the command, the board or the launch line is wrong
  124  the time for a run was over (--timeout)
  130  interrupted (SIGINT); 143 ended (SIGTERM)`;

/** All values of an option that is given more than once. */
function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

const LINE = "audiotestsrc is-live=true ! mulawenc ! rtppcmupay ! udpsink host=10.0.2.2 port=5004";

/**
 * Adds `g2g firmware` and its commands.
 * @param run runs a command and keeps its exit code
 */
export function addFirmware(program: Command, run: (command: () => Promise<number>) => Promise<void>): void {
  const firmware = program
    .command("firmware")
    .description("make images for microcontroller boards, run and flash them")
    .addHelpText("after", EXIT_CODES)
    .addHelpText(
      "after",
      `\nExample:\n  g2g firmware build --board mps2-an386 "${LINE}"\n  g2g firmware run --board mps2-an386`,
    );
  const command = (name: string, description: string, example: string): Command =>
    firmware
      .command(name)
      .description(description)
      .addHelpText("after", `${EXIT_CODES}\n\nExample:\n  g2g firmware ${example}`);
  const image = (c: Command): Command =>
    c
      .requiredOption("-b, --board <board>", "name of the board: g2g firmware boards")
      .option("-n, --name <name>", "name of the image, for several of a board; that of the board without it");
  /** A launch line, and how its core is made. */
  const core = (c: Command): Command =>
    c
      .argument("<line...>", "the launch line, in one argument or in several")
      .option("-e, --engine <engine>", "what runs the core: aot (compiled ahead of time) or wasm3 (interpreted)", "aot")
      .option("--unchecked", "leave the checks of memory accesses out (aot): a fault may then write anywhere")
      .option("-m, --memory <bytes>", "linear memory of the core, such as 24K; the least that does without it");

  core(
    image(command("build", "make an image that runs a launch line on a board", `build --board mps2-an386 "${LINE}"`)),
  )
    .option("--tight", "leave out what no trial at the desk has called: a line that needs it after all begins anew")
    .option("--whole", "the whole core as servers run it, which launches the line on the board (wasm3, large boards)")
    .option("-w, --with <feature>", "a feature of the board's program, such as stats; can be given again", collect)
    .option(
      "--record <to>",
      "record the run and send it to an address, such as 192.168.1.5:47100; gateway: to the board's, this machine in QEMU",
    )
    .option("--updatable <key>", "take other lines in the field that are signed with this key (engine wasm3)")
    .option("--reproducible <element>", "an instance whose data is recorded by hashes; can be given again", collect)
    .option("--hardware", "for the board itself where it has an emulator: the end of the pipeline does not end it")
    .option("-v, --verbose", "show what the compilers say")
    .action((words: string[], options: BuildOptions) => run(() => withTool((tool) => tool.build(words, options))));

  core(
    command(
      "library",
      "make a static library that runs a launch line in a program in C (firmware/c/README.md)",
      'library --board mps2-an386 --elements drivers "i2ssrc ! mulawenc ! rtppcmupay ! crcsink"',
    )
      .requiredOption("-b, --board <board>", "name of a board, or the path of another board's board.json")
      .option("-n, --name <name>", "name of the folder under build/firmware; BOARD-library without it"),
  )
    .option(
      "--elements <path>",
      "table of an element that the program serves, or a folder of tables; can be given again",
      collect,
    )
    .option("-v, --verbose", "show what the compilers say")
    .action((words: string[], options: LibraryOptions) => run(() => withTool((tool) => tool.library(words, options))));

  image(command("run", "run an image in the board's emulator, its console on the terminal", "run --board mps2-an386"))
    .argument("[args...]", "arguments for the emulator, after --")
    .option("-t, --timeout <seconds>", "end it after this time")
    .option(
      "-f, --forward <port>",
      "a port of this machine that leads to the board: udp:5004, tcp:8080:80; can be given again",
      collect,
    )
    .option("-v, --verbose", "show the command")
    .action((more: string[], options: RunOptions) => run(() => withTool((tool) => tool.run(more, options))));

  image(
    command(
      "record",
      "record the run of an image that was built with --record, for g2g replay",
      "record --board mps2-an386 --to run.g2g && g2g replay run.g2g",
    ),
  )
    .argument("[args...]", "arguments for the emulator, after --")
    .requiredOption("--to <file>", "the recording")
    .option(
      "--from <source>",
      "listen at a UDP port, or a serial device such as /dev/ttyACM0:921600, to a board that runs",
    )
    .option("-t, --timeout <seconds>", "end it after this time")
    .option("-v, --verbose", "show the command of the emulator")
    .action((more: string[], options: RecordOptions) => run(() => withTool((tool) => tool.record(more, options))));

  command("keygen", "make a key that signs packages for boards in the field", "keygen fleet.key")
    .argument("<file>", "the private key; the public one is FILE.pub")
    .action((file: string) => run(() => withTool((tool) => tool.keygen(file))));

  command(
    "sign",
    "make a package of a line for boards in the field, whose image was built with --updatable",
    `sign --board mps2-an386 --key fleet.key --package-version 2 --to line.pkg "${LINE}"`,
  )
    .argument("<line...>", "the launch line, in one argument or in several")
    .requiredOption("-b, --board <board>", "name of the board: g2g firmware boards")
    .requiredOption("-k, --key <file>", "the private key")
    .requiredOption("--package-version <number>", "must be higher than that of the package before")
    .requiredOption("--to <file>", "the package")
    .option("--allow-older", "boards take it although they have a newer one")
    .action((words: string[], options: SignOptions) => run(() => withTool((tool) => tool.sign(words, options))));

  command("update", "bring a package to a board in the field", "update --to 192.168.1.20 line.pkg")
    .argument("<package>", "made by g2g firmware sign")
    .requiredOption("--to <address>", "HOST or HOST:PORT of the board")
    .action((file: string, options: { to: string }) => run(() => withTool((tool) => tool.update(file, options))));

  image(command("flash", "bring an image onto the board", "flash --board pico --dry-run"))
    .option("--method <method>", "probe-rs, uf2, dfu-util or openocd; the board's first without it")
    .option("--volume <folder>", "where the volume of the boot loader is mounted (uf2)")
    .option("--dry-run", "only show the command")
    .action((options: FlashOptions) => run(() => withTool((tool) => tool.flash(options))));

  command("boards", "list the boards", "boards")
    .option("--json", "print JSON")
    .action((options: { json?: boolean }) => run(() => withTool((tool) => tool.boards(options))));

  image(command("budget", "tell what takes how much flash and RAM of an image", "budget --board mps2-an386"))
    .option("--json", "print JSON, with the largest symbols")
    .action((options: ImageOptions & { json?: boolean }) => run(() => withTool((tool) => tool.budget(options))));
}
