/** What a module of WebAssembly says outside its code, as far as building firmware needs it. */

/** Bytes that a module puts into its memory at the start. */
export interface DataSegment {
  /** Where they go to. */
  address: number;
  bytes: Uint8Array;
}

/** Limits of a memory, in pages of 64 KiB. */
export interface MemoryLimits {
  initial: number;
  /** Null: none. */
  maximum: number | null;
}

/** The parts of a module that are read here. */
export interface ModuleParts {
  /** Names of the functions that it imports from `g2g`, in order. */
  imports: string[];
  /** Its one memory; null when it has none. */
  memory: MemoryLimits | null;
  data: DataSegment[];
}

/** A module that firmware cannot be made of, and why. */
export class ModuleError extends Error {}

/** Bytes of a page of memory. */
export const PAGE = 65536;

/** Numbers of the sections that are read or written here. */
export const SECTION = {
  ...{ import: 2, function: 3, table: 4, memory: 5, global: 6, export: 7, element: 9, code: 10, data: 11 },
  dataCount: 12,
} as const;

/** Reads a module; behind its end it throws a ModuleError. */
export class Reader {
  at = 0;

  constructor(readonly bytes: Uint8Array) {}

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  u8(): number {
    if (this.done) throw new ModuleError("the module is cut off");
    return this.bytes[this.at++];
  }

  /** An unsigned LEB128 of 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) {
        if (value > 0xffffffff) break;
        return value;
      }
    }
    throw new ModuleError("a number of the module is too long");
  }

  /** A signed LEB128 of 32 bits, as an address. */
  address(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      if (shift < 32) value |= (byte & 127) << shift;
      if (byte < 128) {
        if (shift < 25 && byte & 64) value |= -1 << (shift + 7);
        return value >>> 0;
      }
    }
    throw new ModuleError("a number of the module is too long");
  }

  take(length: number): Uint8Array {
    if (length > this.bytes.length - this.at) throw new ModuleError("the module is cut off");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  name(): string {
    return new TextDecoder().decode(this.take(this.u32()));
  }
}

/** A section of a module. */
export interface ModuleSection {
  /** As in SECTION; 0 for a custom one. */
  readonly id: number;
  readonly content: Uint8Array;
  /** The content with what stands before it. */
  readonly whole: Uint8Array;
}

/** Bytes before the first section: what it is, and the version. */
const HEAD = 8;

/**
 * What a module begins with, and its sections in order.
 * @throws ModuleError when it is cut off
 */
export function sectionsOf(wasm: Uint8Array): { head: Uint8Array; sections: ModuleSection[] } {
  const r = new Reader(wasm);
  const head = r.take(HEAD);
  const sections: ModuleSection[] = [];
  while (!r.done) {
    const begin = r.at;
    const id = r.u8();
    const content = r.take(r.u32());
    sections.push({ id, content, whole: wasm.subarray(begin, r.at) });
  }
  return { head, sections };
}

/** A section as it stands in a module. */
export function sectionBytes(id: number, content: Uint8Array | readonly number[]): Uint8Array {
  return Buffer.concat([Uint8Array.from([id, ...leb(content.length)]), Uint8Array.from(content)]);
}

/** The content of the section of a memory of just so many pages. */
export function memoryOf(pages: number): number[] {
  return [1, 1, ...leb(pages), ...leb(pages)];
}

function readLimits(r: Reader): MemoryLimits {
  const flags = r.u8();
  if (flags > 1) throw new ModuleError("the memory is shared, of 64 bits or of odd pages");
  const initial = r.u32();
  return { initial, maximum: flags ? r.u32() : null };
}

function readImports(r: Reader): string[] {
  const names: string[] = [];
  for (let n = r.u32(); n; n--) {
    const from = r.name();
    const name = r.name();
    if (r.u8() !== 0) throw new ModuleError(`${from}.${name} is imported and no function`);
    if (from !== "g2g") throw new ModuleError(`the module imports ${from}.${name}`);
    r.u32();
    names.push(name);
  }
  return names;
}

function readData(r: Reader): DataSegment[] {
  const segments: DataSegment[] = [];
  for (let n = r.u32(); n; n--) {
    // i32.const ADDRESS end
    if (r.u8() !== 0 || r.u8() !== 0x41) throw new ModuleError("data that is not at a fixed address");
    const address = r.address();
    if (r.u8() !== 0x0b) throw new ModuleError("data that is not at a fixed address");
    segments.push({ address, bytes: r.take(r.u32()) });
  }
  return segments;
}

/**
 * Reads a module, which WebAssembly.Module has accepted.
 * @throws ModuleError when it has what firmware cannot run: other imports, several memories, passive data
 */
export function readModule(wasm: Uint8Array): ModuleParts {
  const parts: ModuleParts = { imports: [], memory: null, data: [] };
  for (const { id, content } of sectionsOf(wasm).sections) {
    const section = new Reader(content);
    if (id === SECTION.import) parts.imports = readImports(section);
    else if (id === SECTION.data) parts.data = readData(section);
    else if (id === SECTION.memory) {
      const count = section.u32();
      if (count > 1) throw new ModuleError("the module has more than one memory");
      if (count) parts.memory = readLimits(section);
    }
  }
  return parts;
}

/**
 * What of a memory is not zero, in stretches without long runs of zeros.
 * @param gap so many zeros or more are left out
 */
export function stretchesOf(memory: Uint8Array, gap: number): DataSegment[] {
  const stretches: DataSegment[] = [];
  for (let at = 0; at < memory.length;) {
    while (at < memory.length && !memory[at]) at++;
    let last = at;
    for (let i = at; i < memory.length && i - last <= gap; i++) if (memory[i]) last = i;
    if (at < memory.length) stretches.push({ address: at, bytes: memory.subarray(at, last + 1) });
    at = last + 1;
  }
  return stretches;
}

/**
 * What memory holds at the start, up to its last byte that is not zero.
 * @param size bytes of memory
 * @throws ModuleError when data does not lie in the memory
 */
export function startOf(data: DataSegment[], size: number): Uint8Array {
  const end = data.reduce((most, d) => Math.max(most, d.bytes.some(Boolean) ? d.address + d.bytes.length : 0), 0);
  if (end > size) throw new ModuleError(`the data ends at ${end}, behind the memory of ${size} bytes`);
  const image = new Uint8Array(end);
  for (const d of data) image.set(d.bytes.subarray(0, Math.max(end - d.address, 0)), Math.min(d.address, end));
  return image;
}

/** Bytes of memory by the module's own word, at most the 4 GiB that it can name. */
export function memoryBytes(parts: ModuleParts): number {
  return (parts.memory?.initial ?? 0) * PAGE;
}

/** An unsigned LEB128. */
export function leb(n: number): number[] {
  const bytes: number[] = [];
  for (; n > 127; n = Math.floor(n / 128)) bytes.push((n % 128) | 128);
  return [...bytes, n];
}

/** A signed LEB128 of 32 bits. */
export function signedLeb(n: number): number[] {
  const out: number[] = [];
  for (;;) {
    const bits = n & 127;
    n >>= 7;
    const done = (n === 0 && !(bits & 64)) || (n === -1 && (bits & 64) !== 0);
    out.push(done ? bits : bits | 128);
    if (done) return out;
  }
}

/** The module with a memory of just so many pages, so that it never has to grow: firmware has no more to give. */
export function withPages(wasm: Uint8Array, pages: number): Uint8Array {
  const { head, sections } = sectionsOf(wasm);
  const memory = sectionBytes(SECTION.memory, memoryOf(pages));
  return Buffer.concat([head, ...sections.map((s) => (s.id === SECTION.memory ? memory : s.whole))]);
}
