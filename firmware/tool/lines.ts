// The line number program of DWARF 2 to 5 (DWARF 5, 6.2): which source file the instructions at an address come from.
import type { Elf } from "./elf.js";

/** Instructions that come from one file. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  /** As the compiler was given it: folders, then the name. */
  readonly file: string;
}

const STRING = 0x08;
const LINE_STRP = 0x1f;
const STRP = 0x0e;
const UDATA = 0x0f;
const BLOCK = 0x09;
/** Forms of a fixed size, bytes. */
const FIXED: Record<number, number> = { 0x05: 2, 0x06: 4, 0x07: 8, 0x0b: 1, 0x1e: 16 };
const CONTENT_PATH = 1;
const CONTENT_DIRECTORY = 2;

/** Reads what DWARF is written in; behind the end it throws a RangeError. */
class Reader {
  constructor(
    private readonly view: DataView,
    public at: number,
  ) {}

  u8(): number {
    return this.view.getUint8(this.at++);
  }

  i8(): number {
    return this.view.getInt8(this.at++);
  }

  u16(): number {
    this.at += 2;
    return this.view.getUint16(this.at - 2, true);
  }

  u32(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }

  /** A number of 7 bits a byte; what is signed is only skipped. */
  leb(): number {
    let value = 0;
    for (let shift = 0, byte = 0x80; byte & 0x80; shift += 7) {
      byte = this.u8();
      if (shift < 49) value += (byte & 0x7f) * 2 ** shift;
    }
    return value;
  }

  text(): string {
    let out = "";
    for (let c; (c = this.u8());) out += String.fromCharCode(c);
    return out;
  }
}

/** The value of a form: a text or a number. */
function formValue(r: Reader, form: number, strings: { line: DataView; info: DataView }): string | number {
  if (form === STRING) return r.text();
  if (form === LINE_STRP) return new Reader(strings.line, r.u32()).text();
  if (form === STRP) return new Reader(strings.info, r.u32()).text();
  if (form === UDATA) return r.leb();
  if (form === BLOCK) {
    const length = r.leb();
    r.at += length;
    return 0;
  }
  const size = FIXED[form];
  if (!size) throw new RangeError(`form ${form} in .debug_line`);
  const value = size === 1 ? r.u8() : size === 2 ? r.u16() : size === 4 ? r.u32() : 0;
  if (size > 4) r.at += size;
  return value;
}

interface Entry {
  path: string;
  directory: number;
}

/** A list of folders or files as version 5 has it. */
function entries(r: Reader, strings: { line: DataView; info: DataView }): Entry[] {
  const formats = Array.from({ length: r.u8() }, () => [r.leb(), r.leb()] as const);
  const out: Entry[] = [];
  for (let n = r.leb(); n > 0; n--) {
    const entry: Entry = { path: "", directory: 0 };
    for (const [content, form] of formats) {
      const value = formValue(r, form, strings);
      if (content === CONTENT_PATH) entry.path = String(value);
      if (content === CONTENT_DIRECTORY) entry.directory = Number(value);
    }
    if (!formats.length) throw new RangeError("entries without a format in .debug_line");
    out.push(entry);
  }
  return out;
}

/** The files of a unit by number, with their folders. */
function fileNames(r: Reader, version: number, strings: { line: DataView; info: DataView }): string[] {
  const join = (folder: string | undefined, name: string): string =>
    !folder || name.startsWith("/") ? name : `${folder}/${name}`;
  if (version >= 5) {
    const folders = entries(r, strings).map((e) => e.path);
    return entries(r, strings).map((e) => join(folders[e.directory], e.path));
  }
  const folders = [""];
  for (let folder = r.text(); folder; folder = r.text()) folders.push(folder);
  const files = [""];
  for (let name = r.text(); name; name = r.text()) {
    files.push(join(folders[r.leb()], name));
    r.leb();
    r.leb();
  }
  return files;
}

/** Runs the program of one unit. */
function runUnit(
  r: Reader,
  end: number,
  version: number,
  strings: { line: DataView; info: DataView },
  out: Stretch[][],
): void {
  const program = r.u32();
  const start = r.at + program;
  const step = r.u8();
  if (version >= 4) r.u8();
  r.u8();
  r.i8();
  const range = r.u8();
  const base = r.u8();
  if (!range || !base) throw new RangeError("a program without opcodes in .debug_line");
  const operands = [0, ...Array.from({ length: base - 1 }, () => r.u8())];
  const files = fileNames(r, version, strings);
  r.at = start;
  let address = 0;
  let file = 1;
  let last: { address: number; file: number } | null = null;
  let sequence: Stretch[] = [];
  const row = (): void => {
    if (last && address > last.address)
      sequence.push({ from: last.address, to: address, file: files[last.file] ?? "" });
    last = { address, file };
  };
  while (r.at < end) {
    const op = r.u8();
    if (op >= base) {
      address += Math.floor((op - base) / range) * step;
      row();
    } else if (op === 0) {
      const length = r.leb();
      const next = r.at + length;
      const extended = length ? r.u8() : 0;
      if (extended === 1) {
        row();
        if (sequence.length) out.push(sequence);
        sequence = [];
        last = null;
        address = 0;
        file = 1;
      } else if (extended === 2) address = r.u32();
      r.at = next;
    } else if (op === 1) row();
    else if (op === 2) address += r.leb() * step;
    else if (op === 4) file = r.leb();
    else if (op === 8) address += Math.floor((255 - base) / range) * step;
    else if (op === 9) address += r.u16();
    else for (let n = operands[op]; n > 0; n--) r.leb();
  }
}

/**
 * Where instructions come from, by address; empty without debug information, or when it is damaged.
 * @param isStart whether a function begins at an address: what was thrown away by the linker begins nowhere
 */
export function sourceStretches(elf: Elf, isStart: (address: number) => boolean): Stretch[] {
  const section = (name: string): DataView => {
    const found = elf.sections.find((s) => s.name === name);
    const bytes = found ? elf.content(found) : new Uint8Array(0);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  };
  const lines = section(".debug_line");
  const strings = { line: section(".debug_line_str"), info: section(".debug_str") };
  const sequences: Stretch[][] = [];
  try {
    for (const r = new Reader(lines, 0); r.at + 4 <= lines.byteLength;) {
      const length = r.u32();
      const end = r.at + length;
      if (end > lines.byteLength) break;
      const version = r.u16();
      if (version >= 5) r.u16();
      if (version >= 2 && version <= 5) runUnit(r, end, version, strings, sequences);
      r.at = end;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return sequences
    .filter(([first]) => isStart(first.from))
    .flat()
    .sort((a, b) => a.from - b.from);
}

/**
 * The crate that a source file belongs to; null for the language's own and for what is not known.
 * @param board name of the board's crate
 */
export function crateOfFile(file: string, board: string): string | null {
  const registry = /(?:\/registry\/src\/[^/]+\/|^)([\w-]+?)-\d+\.\d+[^/]*\//.exec(file);
  if (registry) return registry[1].replaceAll("-", "_");
  if (/compiler[-_]builtins/.test(file)) return "compiler_builtins";
  if (/(^|\/)(rustc\/\w+|rust)\/library\/|^library\//.test(file)) return null;
  if (/(^|\/)boards\/[^/]+\//.test(file)) return board;
  const own = /(?:^|\/)(interface|engine|runtime|elements|chips|recorder)\/src\//.exec(file);
  return own ? `g2g_${own[1]}` : null;
}
