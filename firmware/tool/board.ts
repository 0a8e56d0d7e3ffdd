import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { nearest } from "../../node-host/src/cli/inspect.js";
import { ToolError, usage } from "./errors.js";
import { hex, parseNumber } from "./number.js";
import { boardsFolder } from "./paths.js";

/** A stretch of the address space, bytes. */
export interface Region {
  readonly origin: number;
  readonly length: number;
}

/** A region besides flash and RAM. */
export interface NamedRegion extends Region {
  /** As in memory.x. */
  readonly name: string;
  readonly kind: "flash" | "ram";
}

/** What runs an image at the desk: QEMU with arguments ("{elf}" is the image), or rp2040js inside this tool. */
export type Emulator =
  { readonly program: "rp2040js" } | { readonly program: string; readonly args: readonly string[] };

/** A static IPv4 set-up, and QEMU's name of the Ethernet controller. */
export interface Network {
  /** With the length of the prefix: 10.0.2.15/24. */
  readonly address: string;
  readonly gateway?: string;
  readonly mac?: string;
  readonly model?: string;
}

/** A way to bring an image onto the board. */
export type FlashMethod =
  | { readonly method: "probe-rs"; readonly chip: string }
  | { readonly method: "uf2"; readonly family: number; readonly boardId?: string }
  | { readonly method: "dfu-util"; readonly device: string; readonly alt: number }
  | { readonly method: "openocd"; readonly config: readonly string[] };

/** What boards/NAME/board.json says. Lengths are bytes. */
export interface Board {
  readonly name: string;
  /** Where its files lie. */
  readonly folder: string;
  readonly doc: string;
  /** As gcc's -mcpu has it. */
  readonly cpu: string;
  /** Rust's target triple. */
  readonly target: string;
  /** Flags for gcc that name the processor. */
  readonly gcc: readonly string[];
  /** Hz. */
  readonly clock: number;
  readonly flash: Region;
  readonly ram: Region;
  readonly regions: readonly NamedRegion[];
  /** What the stack may use. */
  readonly stack: number;
  /** Bytes of a line of the data cache, 0 without one. */
  readonly cacheLine: number;
  /** The host elements that the board can serve. */
  readonly elements: readonly string[];
  /** Features of the board's crate that are always on. */
  readonly features: readonly string[];
  readonly emulator: Emulator | null;
  readonly network: Network | null;
  /** The first is the one that is taken when nothing is said. */
  readonly flashWith: readonly FlashMethod[];
  /** No emulator is known to run it. */
  readonly hardwareOnly: boolean;
}

const ADDRESS_SPACE = 2 ** 32;

/** Reads the fields of a JSON object, and says where one is not as it should be. */
class Fields {
  private readonly known = new Set<string>();

  constructor(
    private readonly value: Record<string, unknown>,
    private readonly at: string,
  ) {}

  static of(value: unknown, at: string): Fields {
    if (typeof value !== "object" || value === null || Array.isArray(value)) wrong(at, "must be an object");
    return new Fields(value as Record<string, unknown>, at);
  }

  has(key: string): boolean {
    this.known.add(key);
    return this.value[key] !== undefined;
  }

  path(key: string): string {
    return this.at ? `${this.at}.${key}` : key;
  }

  private get(key: string): unknown {
    if (!this.has(key)) wrong(this.path(key), "is missing");
    return this.value[key];
  }

  text(key: string, pattern: RegExp, like: string): string {
    const value = this.get(key);
    if (typeof value !== "string" || !pattern.test(value)) wrong(this.path(key), `must be ${like}`);
    return value;
  }

  number(key: string, min: number, max: number): number {
    const value = parseNumber(this.get(key));
    if (!Number.isSafeInteger(value) || value < min || value > max) {
      wrong(this.path(key), `must be a number from ${min} to ${max}, such as 65536, "0x10000" or "64K"`);
    }
    return value;
  }

  flag(key: string): boolean {
    const value = this.has(key) ? this.value[key] : false;
    if (typeof value !== "boolean") wrong(this.path(key), "must be true or false");
    return value;
  }

  list(key: string): unknown[] {
    const value = this.get(key);
    if (!Array.isArray(value)) wrong(this.path(key), "must be a list");
    return value as unknown[];
  }

  texts(key: string, pattern: RegExp, like: string): string[] {
    return this.list(key).map((value, i) => {
      if (typeof value !== "string" || !pattern.test(value)) wrong(`${this.path(key)}[${i}]`, `must be ${like}`);
      return value;
    });
  }

  fields(key: string): Fields {
    return Fields.of(this.get(key), this.path(key));
  }

  /** Refuses what nothing has asked for: a word with a mistake in it would be without effect. */
  end(): void {
    for (const key of Object.keys(this.value)) {
      if (this.known.has(key)) continue;
      const near = nearest(key, [...this.known]);
      wrong(this.path(key), `is not known${near ? `; did you mean "${near}"?` : ""}`);
    }
  }
}

function wrong(at: string, what: string): never {
  throw new ToolError(`${at || "the file"} ${what}`);
}

const NAME = /^[a-z0-9][a-z0-9-]*$/;
const A_NAME = "a name of small letters, digits and -";
const TEXT = /\S/;
const ADDRESS = /^\d{1,3}(\.\d{1,3}){3}$/;

function region(f: Fields): Region {
  const origin = f.number("origin", 0, ADDRESS_SPACE - 1);
  const length = f.number("length", 1, ADDRESS_SPACE - origin);
  return { origin, length };
}

function emulator(f: Fields): Emulator {
  const program = f.text("program", /^[\w.+-]+$/, "the name of a program");
  if (program === "rp2040js") {
    f.end();
    return { program };
  }
  const args = f.texts("args", /^/, "a text");
  if (!args.some((a) => a.includes("{elf}"))) wrong(f.path("args"), 'must have "{elf}" where the image goes');
  f.end();
  return { program, args };
}

function network(f: Fields): Network {
  const optional = (key: string, pattern: RegExp, like: string): string | undefined =>
    f.has(key) ? f.text(key, pattern, like) : undefined;
  const out = {
    address: f.text("address", /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/, "an IPv4 address with its prefix: 10.0.2.15/24"),
    gateway: optional("gateway", ADDRESS, "an IPv4 address"),
    mac: optional("mac", /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i, "an Ethernet address: 02:00:00:00:00:01"),
    model: optional("model", /^[\w.-]+$/, "QEMU's name of an Ethernet controller"),
  };
  f.end();
  return out;
}

function flashMethod(f: Fields): FlashMethod {
  const method = f.text("method", TEXT, "a method");
  let out: FlashMethod;
  if (method === "probe-rs") out = { method, chip: f.text("chip", /^[\w.+-]+$/, "a chip that probe-rs knows") };
  else if (method === "uf2") {
    const boardId = f.has("board-id") ? f.text("board-id", TEXT, "the Board-ID of INFO_UF2.TXT") : undefined;
    out = { method, family: f.number("family", 0, ADDRESS_SPACE - 1), boardId };
  } else if (method === "dfu-util") {
    const device = f.text("device", /^[0-9a-f]{4}:[0-9a-f]{4}$/i, "vendor and product: 0483:df11");
    out = { method, device, alt: f.has("alt") ? f.number("alt", 0, 255) : 0 };
  } else if (method === "openocd") {
    out = { method, config: f.texts("config", /^[\w./+-]+$/, "a file of OpenOCD's scripts: target/stm32f4x.cfg") };
    if (!out.config.length) wrong(f.path("config"), "must name a file");
  } else wrong(f.path("method"), "must be probe-rs, uf2, dfu-util or openocd");
  f.end();
  return out;
}

function overlap(a: Region, b: Region): boolean {
  return a.origin < b.origin + b.length && b.origin < a.origin + a.length;
}

/**
 * Reads what a board.json says.
 * @param text of the file
 * @param name of the board
 * @param folder that it lies in
 * @throws {ToolError} naming the field that is not as it should be
 */
export function parseBoard(text: string, name: string, folder = path.join(boardsFolder, name)): Board {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ToolError(`it is no JSON: ${(error as Error).message}`);
  }
  const f = Fields.of(json, "");
  const board: Board = {
    name: f.text("name", NAME, A_NAME),
    folder,
    doc: f.text("doc", TEXT, "a text"),
    cpu: f.text("cpu", /^cortex-m[0-9a-z+.]+$/, "a Cortex-M, such as cortex-m4"),
    target: f.text("target", /^thumbv[678][a-z.]*-none-eabi(hf)?$/, "a target of Rust, such as thumbv7em-none-eabihf"),
    gcc: f.texts("gcc", /^-m[\w=.+-]+$/, "a flag that names the processor, such as -mthumb"),
    clock: f.number("clock", 1, 10e9),
    flash: region(f.fields("flash")),
    ram: region(f.fields("ram")),
    regions: f.has("regions")
      ? f.list("regions").map((value, i) => {
          const r = Fields.of(value, `regions[${i}]`);
          const regionName = r.text("name", /^[A-Z][A-Z0-9_]*$/, "a name of capital letters, as in memory.x");
          const kind = r.text("kind", /^(flash|ram)$/, '"flash" or "ram"') as "flash" | "ram";
          const out = { name: regionName, kind, ...region(r) };
          r.end();
          return out;
        })
      : [],
    stack: f.number("stack", 256, ADDRESS_SPACE - 1),
    cacheLine: f.has("cache-line") ? f.number("cache-line", 0, 128) : 0,
    elements: f.texts("elements", NAME, A_NAME),
    features: f.has("features") ? f.texts("features", NAME, A_NAME) : [],
    emulator: f.has("emulator") ? emulator(f.fields("emulator")) : null,
    network: f.has("network") ? network(f.fields("network")) : null,
    flashWith: f.has("flash-with")
      ? f.list("flash-with").map((value, i) => flashMethod(Fields.of(value, `flash-with[${i}]`)))
      : [],
    hardwareOnly: f.flag("hardware-only"),
  };
  f.end();
  if (board.name !== name) wrong("name", `must be that of the folder, "${name}"`);
  if (board.hardwareOnly === (board.emulator !== null)) {
    wrong(
      "hardware-only",
      board.emulator ? "must not be set: there is an emulator" : "must be true without an emulator",
    );
  }
  const regions = [{ name: "flash", ...board.flash }, { name: "ram", ...board.ram }, ...board.regions];
  regions.forEach((a, i) => {
    for (const b of regions.slice(i + 1)) {
      if (a.name === b.name) wrong("regions", `has ${a.name} twice`);
      if (overlap(a, b)) wrong("regions", `${a.name} at ${hex(a.origin)} and ${b.name} at ${hex(b.origin)} overlap`);
    }
  });
  if (board.stack > board.ram.length) wrong("stack", "is larger than the RAM");
  return board;
}

/** The names of all boards, sorted. */
export function boardNames(folder = boardsFolder): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(path.join(folder, name, "board.json")))
    .sort();
}

/**
 * A board by its name.
 * @throws {ToolError} when there is none, or its file is not as it should be
 */
export function loadBoard(name: string, folder = boardsFolder): Board {
  const names = boardNames(folder);
  if (!names.includes(name)) {
    const near = nearest(name, names);
    throw usage(`no board "${name}"${near ? `; did you mean ${near}?` : ""} There are: ${names.join(", ")}`);
  }
  return readBoard(path.join(folder, name, "board.json"));
}

/**
 * A board by its file, which lies in a folder of its name.
 * @throws {ToolError} when it is not as it should be
 */
export function readBoard(file: string): Board {
  const folder = path.dirname(path.resolve(file));
  try {
    return parseBoard(readFileSync(file, "utf8"), path.basename(folder), folder);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new ToolError(`${file}: ${error.message}`, error.exitCode);
  }
}
