import { Elf, ElfSymbol, SHF_ALLOC } from "./elf.js";
import { decode } from "./thumb.js";

/** The deepest stack that was computed, and what was assumed. */
export interface StackReport {
  /** Bytes; null when it cannot be told. */
  readonly computed: number | null;
  readonly notes: readonly string[];
}

/** A function: its own stack, and what it calls with how much of it in use. */
interface Frame {
  readonly name: string;
  readonly address: number;
  /** The most that it uses itself, bytes. */
  own: number;
  /** Address of a function to bytes in use at its call. */
  readonly calls: Map<number, number>;
  /** Bytes in use at a call through a pointer; -1 when there is none. */
  indirect: number;
  /** Whether the stack pointer becomes what only the run knows. */
  unknown: boolean;
}

/** What an interrupt pushes: eight registers, those of the FPU, and padding (ARM DDI 0403, B1.5.7). */
const EXCEPTION = 32 + 72 + 4;

/** Calls through pointers that are followed one below the other. */
const DEPTH = 4;

/** More than this no function takes from the stack at once: what looks like it is another number. */
const MOST = 1 << 20;

/** Bytes of code between a constant and its use. */
const NEAR = 16;

/** Bytes of a function's own that are worth a note. */
const LARGE = 1024;

/** Names of functions that a note lists at most. */
const SHOWN = 4;

/** Follows all ways through a function; what nothing leads to is taken to begin at the deepest place seen. */
function frameOf(
  symbol: ElfSymbol,
  code: DataView,
  base: number,
  isCode: (at: number) => boolean,
  starts: Map<number, unknown>,
): Frame {
  const from = symbol.address & ~1;
  const to = from + symbol.size;
  const frame: Frame = { name: symbol.name, address: from, own: 0, calls: new Map(), indirect: -1, unknown: false };
  const depths = new Map<number, number>();
  /** Constants that were put into registers, and where: soon after they may be something else. */
  const values = new Map<number, { readonly at: number; readonly value: number }>();
  const open: [at: number, depth: number][] = [[from, 0]];
  const call = (target: number, depth: number): void => {
    frame.calls.set(target, Math.max(frame.calls.get(target) ?? 0, depth));
  };
  const follow = (): void => {
    for (let next = open.pop(); next; next = open.pop()) {
      let [at, depth] = next;
      while (at >= from && at < to && isCode(at)) {
        // A way that comes round again with more on the stack than before would go on for ever.
        if (depths.has(at)) break;
        depths.set(at, depth);
        const i = decode(code, at - base, at);
        let taken = i.stack;
        if (i.by) {
          const known = values.get(i.by.register);
          if (known && at - known.at <= NEAR && Math.abs(known.value) <= MOST) taken = -i.by.sign * known.value;
          // What is added otherwise is the end of a function giving back what it took.
          else if (i.by.sign < 0) frame.unknown = true;
        }
        depth = Math.max(0, depth + taken);
        frame.own = Math.max(frame.own, depth);
        if (i.kind === "call") call(i.target!, depth);
        if (i.kind === "indirect-call") frame.indirect = Math.max(frame.indirect, depth);
        if (i.kind === "branch" || i.kind === "conditional") {
          const target = i.target!;
          if (target >= from && target < to) open.push([target, depth]);
          else if (starts.has(target)) call(target, depth);
        }
        if (i.half && !i.half.top) values.set(i.half.register, { at, value: i.half.value });
        if (i.literal) {
          const place = i.literal.address - base;
          const inside = place >= 0 && place + 4 <= code.byteLength;
          values.set(i.literal.register, { at, value: inside ? code.getInt32(place, true) : NaN });
        }
        // A table of places, or a call in the place of a return.
        if (i.kind === "indirect-branch") frame.indirect = Math.max(frame.indirect, depth);
        if (i.kind === "branch" || i.kind === "indirect-branch" || i.kind === "return") break;
        at += i.size;
      }
    }
  };
  follow();
  for (let at = from; at + 2 <= to;) {
    if (!isCode(at)) at += 2;
    else if (depths.has(at)) at += decode(code, at - base, at).size;
    else {
      open.push([at, frame.own]);
      const known = depths.size;
      follow();
      if (depths.size === known) at += 2;
    }
  }
  return frame;
}

/** Stretches of code and data as the mapping symbols $t and $d tell them apart (AAELF32, 5.5.5). */
function codeMap(symbols: readonly ElfSymbol[]): (at: number) => boolean {
  const marks = symbols
    .filter((s) => /^\$[td](\.|$)/.test(s.name))
    .map((s) => ({ at: s.address, code: s.name[1] === "t" }))
    .sort((a, b) => a.at - b.at);
  return (at) => {
    let low = 0;
    let high = marks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (marks[middle].at <= at) low = middle + 1;
      else high = middle;
    }
    return low === 0 || marks[low - 1].code;
  };
}

/** Functions whose address stands somewhere, so that they may be called through a pointer; those of the vector table apart. */
function addressed(elf: Elf, frames: Map<number, Frame>): { taken: Set<number>; vectors: Set<number> } {
  const taken = new Set<number>();
  const vectors = new Set<number>();
  for (const section of elf.sections) {
    if (!(section.flags & SHF_ALLOC)) continue;
    const bytes = elf.content(section);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const into = section.name.includes("vector") ? vectors : taken;
    const halves = new Map<number, number>();
    for (let at = 0; at + 4 <= bytes.length; at += 4) {
      const word = view.getUint32(at, true);
      if (word & 1 && frames.has(word - 1)) into.add(word - 1);
    }
    // Addresses that are made of two halves in the code.
    for (let at = 0; at + 4 <= bytes.length; at += 2) {
      const { half } = decode(view, at, section.address + at);
      if (!half) continue;
      if (!half.top) halves.set(half.register, half.value);
      else {
        const word = half.value * 65536 + (halves.get(half.register) ?? 0);
        if (word & 1 && frames.has(word - 1)) into.add(word - 1);
      }
    }
  }
  return { taken, vectors };
}

/** What each function of an image does with the stack, by address. */
function framesOf(elf: Elf): Map<number, Frame> {
  const symbols = elf.symbols();
  const isCode = codeMap(symbols);
  const frames = new Map<number, Frame>();
  const functions = symbols.filter((s) => s.kind === "function" && s.size > 0 && s.section);
  const starts = new Map(functions.map((s) => [s.address & ~1, s]));
  for (const [address, symbol] of starts) {
    const section = elf.sections[symbol.section];
    if (!section || !(section.flags & SHF_ALLOC)) continue;
    const bytes = elf.content(section);
    if (address < section.address || address + symbol.size > section.address + bytes.length) continue;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    frames.set(address, frameOf(symbol, view, section.address, isCode, starts));
  }
  return frames;
}

/** Functions with the stack that each uses itself, bytes. */
export function frames(elf: Elf): { readonly name: string; readonly own: number }[] {
  return [...framesOf(elf).values()].map(({ name, own }) => ({ name, own }));
}

/** Who can be called through whose pointers: the core calls itself, tasks are called by the executor alone. */
type Kind = "core" | "task" | "host";

function kindOf(name: string): Kind {
  if (name.startsWith("w2c_")) return "core";
  return /embassy_executor.*TaskStorage.*4poll/.test(name) ? "task" : "host";
}

/** The deepest ways through a program. */
class Depths {
  /** Functions that may call themselves. */
  readonly again = new Set<string>();
  private readonly known = new Map<string, number>();
  private readonly path = new Set<number>();
  private readonly taken = new Map<Kind, number[]>([
    ["core", []],
    ["task", []],
    ["host", []],
  ]);

  constructor(
    private readonly frames: ReadonlyMap<number, Frame>,
    taken: Iterable<number>,
  ) {
    for (const address of taken) this.taken.get(kindOf(frames.get(address)!.name))!.push(address);
  }

  /**
   * The stack from a function on, bytes.
   * @param level how many more calls through pointers are followed
   * @param inTask whether a task is running, so that no other can be called
   */
  of(address: number, level: number, inTask: boolean): number {
    const frame = this.frames.get(address);
    if (!frame) return 0;
    const key = `${address} ${level} ${inTask}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    if (this.path.has(address)) {
      this.again.add(frame.name);
      return 0;
    }
    this.path.add(address);
    let depth = frame.own;
    for (const [callee, used] of frame.calls) depth = Math.max(depth, used + this.of(callee, level, inTask));
    if (frame.indirect >= 0 && level > 0) {
      const kind = kindOf(frame.name) === "core" ? "core" : "host";
      const below = this.taken.get(kind)!.map((callee) => [callee, inTask] as const);
      if (kind === "host" && !inTask) below.push(...this.taken.get("task")!.map((callee) => [callee, true] as const));
      for (const [callee, task] of below) {
        if (!this.path.has(callee)) depth = Math.max(depth, frame.indirect + this.of(callee, level - 1, task));
      }
    }
    this.path.delete(address);
    this.known.set(key, depth);
    return depth;
  }
}

/** The last names in a mangled path, without what only a compiler reads. */
function shortName(symbol: string): string {
  const plain = symbol
    .replace(/17h[0-9a-f]{16}E$/, "")
    .replace(/0x2F/g, "/")
    .replace(/^w2c_core_/, "");
  const names: string[] = [];
  for (let at = symbol.startsWith("_") ? 0 : plain.length; at < plain.length;) {
    const digits = /^\d+/.exec(plain.slice(at))?.[0];
    const name =
      digits &&
      plain
        .slice(at + digits.length)
        .replace(/^_/, "")
        .slice(0, Number(digits));
    if (name && /^[A-Za-z_]/.test(name)) names.push(name);
    at += name ? digits.length + name.length : 1;
  }
  return names.length ? names.slice(-2).join("::") : plain;
}

/**
 * The stack that an image uses at worst, computed from its instructions.
 *
 * Calls through pointers may reach every function whose address is taken, one in another to a bound; a function that
 * calls itself is counted once. One interrupt comes on top.
 */
export function stackOf(elf: Elf): StackReport {
  const frames = framesOf(elf);
  if (!frames.size) return { computed: null, notes: [] };
  const { taken, vectors } = addressed(elf, frames);
  const depths = new Depths(frames, taken);
  const entry = elf.entry & ~1;
  const main = depths.of(entry, DEPTH, false);
  let interrupt = 0;
  for (const vector of vectors) if (vector !== entry) interrupt = Math.max(interrupt, depths.of(vector, DEPTH, true));
  const notes = [
    `the stack is computed with up to ${DEPTH} calls through pointers inside each other and one interrupt`,
  ];
  const list = (names: string[]): string => {
    const some = [...new Set(names.map(shortName))];
    return some.slice(0, SHOWN).join(", ") + (some.length > SHOWN ? " …" : "");
  };
  if (depths.again.size) notes.push(`functions that may call themselves are counted once: ${list([...depths.again])}`);
  const unknown = [...frames.values()].filter((f) => f.unknown).map((f) => f.name);
  if (unknown.length) notes.push(`functions whose stack only the run knows: ${list(unknown)}`);
  const large = [...frames.values()].filter((f) => f.own >= LARGE).sort((a, b) => b.own - a.own);
  if (large.length) notes.push(`functions with a large stack of their own: ${list(large.map((f) => f.name))}`);
  return { computed: main + (vectors.size > 1 ? EXCEPTION + interrupt : 0), notes };
}
