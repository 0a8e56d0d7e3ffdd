// ELF for 32-bit little-endian ARM: Tool Interface Standard, Executable and Linking Format 1.2.
import type { Piece } from "./formats/pieces.js";

/** A section that takes part in the image, or tells about it. */
export interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/** A symbol of a function, an object, or a file. */
export interface ElfSymbol {
  readonly name: string;
  readonly address: number;
  readonly size: number;
  readonly kind: "function" | "object" | "other";
  /** Whether other files see it. */
  readonly global: boolean;
  /** Number of the section that it lies in; 0 when it is defined elsewhere. */
  readonly section: number;
}

/** A segment: where its bytes lie in the file, in flash and at run time. */
export interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly load: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

const HEADER = 52;
const SHT_SYMTAB = 2;
/** A section without bytes in the file. */
export const SHT_NOBITS = 8;
/** A section that occupies memory. */
export const SHF_ALLOC = 2;
const PT_LOAD = 1;
const KINDS = ["other", "object", "function"] as const;

/** An ELF file, checked as far as it is read. */
export class Elf {
  readonly sections: readonly Section[];
  readonly segments: readonly Segment[];
  /** Address of the first instruction, or of the vector that has it. */
  readonly entry: number;
  private readonly view: DataView;

  /** @throws {RangeError} when the file is no such ELF, or cut off */
  constructor(private readonly data: Uint8Array) {
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const magic = [0x7f, 0x45, 0x4c, 0x46, 1, 1];
    if (data.length < HEADER || magic.some((b, i) => data[i] !== b)) throw new RangeError("no 32-bit ELF file");
    this.entry = this.u32(24);
    this.segments = this.table(28, 42, 32).map((at) => ({
      type: this.u32(at),
      offset: this.u32(at + 4),
      address: this.u32(at + 8),
      load: this.u32(at + 12),
      fileSize: this.u32(at + 16),
      memorySize: this.u32(at + 20),
    }));
    const headers = this.table(32, 46, 40);
    const names = headers[this.view.getUint16(50, true)];
    const namesAt = names === undefined ? 0 : this.u32(names + 16);
    this.sections = headers.map((at) => ({
      name: this.text(namesAt + this.u32(at)),
      type: this.u32(at + 4),
      flags: this.u32(at + 8),
      address: this.u32(at + 12),
      offset: this.u32(at + 16),
      size: this.u32(at + 20),
      link: this.u32(at + 24),
    }));
  }

  private u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  /** Addresses of the entries of a table: its place, and entry size and count one after the other. */
  private table(place: number, shape: number, least: number): number[] {
    const size = this.view.getUint16(shape, true);
    const count = this.view.getUint16(shape + 2, true);
    const at = this.u32(place);
    if (count && (size < least || at + size * count > this.data.length))
      throw new RangeError("the ELF file is cut off");
    return Array.from({ length: count }, (_, i) => at + i * size);
  }

  private text(at: number): string {
    const end = this.data.indexOf(0, at);
    if (end < 0) throw new RangeError("a name in the ELF file has no end");
    return Buffer.from(this.data.subarray(at, end)).toString("latin1");
  }

  private bytes(offset: number, size: number): Uint8Array {
    if (offset + size > this.data.length) throw new RangeError("the ELF file is cut off");
    return this.data.subarray(offset, offset + size);
  }

  /** The bytes of a section. */
  content(section: Section): Uint8Array {
    return section.type === SHT_NOBITS ? new Uint8Array(0) : this.bytes(section.offset, section.size);
  }

  /** What is written into flash: the segments that are loaded, at the address they are loaded from. */
  pieces(): Piece[] {
    return this.segments
      .filter((s) => s.type === PT_LOAD && s.fileSize)
      .map((s) => ({ address: s.load, data: this.bytes(s.offset, s.fileSize) }));
  }

  /** The address in flash of what lies at an address at run time; null for what is made at the start. */
  loadAddress(section: Section): number | null {
    if (section.type === SHT_NOBITS) return null;
    const at = section.offset;
    const s = this.segments.find((g) => g.type === PT_LOAD && at >= g.offset && at < g.offset + g.fileSize);
    return s ? s.load + at - s.offset : null;
  }

  /** All symbols with a name. */
  symbols(): ElfSymbol[] {
    const out: ElfSymbol[] = [];
    for (const section of this.sections) {
      if (section.type !== SHT_SYMTAB) continue;
      const names = this.sections[section.link]?.offset ?? 0;
      this.bytes(section.offset, section.size);
      for (let at = section.offset; at + 16 <= section.offset + section.size; at += 16) {
        const name = this.text(names + this.u32(at));
        if (!name) continue;
        const info = this.view.getUint8(at + 12);
        out.push({
          name,
          address: this.u32(at + 4),
          size: this.u32(at + 8),
          kind: KINDS[info & 15] ?? "other",
          global: info >> 4 !== 0,
          section: this.view.getUint16(at + 14, true),
        });
      }
    }
    return out;
  }
}
