import type { Board, Region } from "./board.js";
import { Elf, SHF_ALLOC, Section } from "./elf.js";
import type { MemoryReport } from "./image.js";
import { grouped } from "./number.js";
import { Stretch, crateOfFile, sourceStretches } from "./lines.js";
import { PARTS, Part, crateOf, partOf, partOfCrate } from "./parts.js";

/** Bytes of a row. */
export interface Row {
  readonly part: Part;
  readonly flash: number;
  readonly ram: number;
}

/** What a region of the board holds. */
export interface Use {
  readonly name: string;
  readonly kind: "flash" | "ram";
  readonly used: number;
  readonly length: number;
}

/** Where the bytes of an image go, against what the board has. */
export interface Budget {
  readonly rows: readonly Row[];
  /** The largest symbols: name, part, bytes, place. */
  readonly largest: readonly {
    readonly name: string;
    readonly part: Part;
    readonly bytes: number;
    readonly kind: string;
  }[];
  /** RAM that is kept for the stack, and the worst case that was computed for it, if it was. */
  readonly stack: { readonly reserved: number; readonly computed: number | null; readonly notes: readonly string[] };
  readonly memory: MemoryReport | null;
  readonly regions: readonly Use[];
  /** What does not fit, in words; empty when all does. */
  readonly excess: readonly string[];
}

/** What `makeBudget` reads. */
export interface BudgetInput {
  readonly elf: Elf;
  readonly board: Board;
  /** Parts of C symbols, see `archiveParts`. */
  readonly libraries: ReadonlyMap<string, Part>;
  /** Name of the board's crate, with underscores. */
  readonly crate: string;
  readonly memory: MemoryReport | null;
  readonly stack?: { readonly computed: number | null; readonly notes: readonly string[] };
}

const LARGEST = 24;

/** Sections that are the board's whatever lies in them. */
const BOARD_SECTION = /vector_table|boot2|boot_loader/;

interface Place extends Region {
  readonly name: string;
  readonly kind: "flash" | "ram";
}

function placesOf(board: Board): Place[] {
  return [
    { name: "FLASH", kind: "flash", ...board.flash },
    { name: "RAM", kind: "ram", ...board.ram },
    ...board.regions,
  ];
}

/** The region of an address. An image that is too large for its region goes on behind it. */
function placeOf(places: readonly Place[], address: number): Place {
  const below = places.filter((p) => p.origin <= address);
  if (!below.length) return places[0];
  return below.reduce((a, b) => (b.origin > a.origin ? b : a));
}

/** Where the bytes of an image go. Every byte of it is in exactly one row. */
export function makeBudget(input: BudgetInput): Budget {
  const { elf, board } = input;
  const places = placesOf(board);
  const rows = new Map(PARTS.map((part) => [part, { part, flash: 0, ram: 0 }]));
  const used = new Map(places.map((p) => [p.name, 0]));
  const largest: Budget["largest"][number][] = [];
  const symbols = elf.symbols().filter((s) => s.kind !== "other" && s.size > 0);
  const starts = new Set(symbols.filter((s) => s.kind === "function").map((s) => s.address & ~1));
  const sources = sourceStretches(elf, (address) => starts.has(address));
  elf.sections.forEach((section, index) => {
    if (!(section.flags & SHF_ALLOC) || !section.size) return;
    const kinds = kindsOf(elf, section, places, used);
    const add = (part: Part, bytes: number): void => {
      const row = rows.get(part)!;
      for (const kind of kinds) row[kind] += bytes;
    };
    const whole: Part | null = BOARD_SECTION.test(section.name) ? "board and drivers" : null;
    let at = section.address;
    const own = symbols
      .filter((s) => s.section === index)
      .map((s) => ({ ...s, address: s.kind === "function" ? s.address & ~1 : s.address }))
      .sort((a, b) => a.address - b.address || b.size - a.size);
    const end = section.address + section.size;
    for (const s of own) {
      // Aliases lie on what has been counted.
      const from = Math.max(at, s.address);
      const to = Math.min(end, s.address + s.size);
      if (to <= from) continue;
      if (from > at) add(whole ?? "unnamed", from - at);
      const part = whole ?? partOf(s.name, input.libraries, input.crate);
      // A function of Rust has others in it, of other crates, whose lines are known.
      const inlined = !whole && s.kind === "function" && crateOf(s.name) !== null;
      const pieces = inlined ? piecesOf(sources, from, to, part, input.crate) : [[part, to - from] as const];
      for (const [p, bytes] of pieces) add(p, bytes);
      largest.push({ name: s.name, part, bytes: to - from, kind: kinds.join("+") });
      at = to;
    }
    if (end > at) add(whole ?? "unnamed", end - at);
  });
  used.set("RAM", used.get("RAM")! + board.stack);
  const regions = places.map((p) => ({ name: p.name, kind: p.kind, used: used.get(p.name)!, length: p.length }));
  largest.sort((a, b) => b.bytes - a.bytes);
  return {
    rows: [...rows.values()].filter((r) => r.flash || r.ram),
    largest: largest.slice(0, LARGEST),
    stack: { reserved: board.stack, computed: input.stack?.computed ?? null, notes: input.stack?.notes ?? [] },
    memory: input.memory,
    regions,
    excess: excess(regions),
  };
}

/** Whose the instructions between two addresses are; those of the language itself are counted with what is before them. */
function piecesOf(sources: readonly Stretch[], from: number, to: number, part: Part, board: string): [Part, number][] {
  const out: [Part, number][] = [];
  let at = from;
  let whose = part;
  let low = 0;
  for (let high = sources.length; low < high;) {
    const middle = (low + high) >> 1;
    if (sources[middle].to <= from) low = middle + 1;
    else high = middle;
  }
  for (let i = low; i < sources.length && sources[i].from < to; i++) {
    const start = Math.max(at, sources[i].from);
    if (start > at) out.push([whose, start - at]);
    const crate = crateOfFile(sources[i].file, board);
    if (crate !== null) whose = partOfCrate(crate, board);
    at = Math.max(start, Math.min(to, sources[i].to));
    if (at > start) out.push([whose, at - start]);
  }
  if (to > at) out.push([whose, to - at]);
  return out;
}

/** What a section occupies, and the books of the regions that it lies in. */
function kindsOf(elf: Elf, section: Section, places: Place[], used: Map<string, number>): ("flash" | "ram")[] {
  const run = placeOf(places, section.address);
  const load = elf.loadAddress(section);
  const from = load === null ? run : placeOf(places, load);
  const both = from === run ? [run] : [from, run];
  for (const p of both) used.set(p.name, used.get(p.name)! + section.size);
  return both.map((p) => p.kind);
}

function excess(regions: readonly Use[]): string[] {
  return regions
    .filter((r) => r.used > r.length)
    .map((r) => {
      const where = { FLASH: "flash", RAM: "RAM" }[r.name] ?? r.name;
      return `${where}: ${grouped(r.used - r.length)} bytes too many`;
    });
}

/** What can be done about an image that is too large. */
function advice(budget: Budget, engine: string): string[] {
  const kinds = new Set(budget.regions.filter((r) => r.used > r.length).map((r) => r.kind));
  const out: string[] = [];
  if (kinds.has("flash")) {
    out.push("use fewer elements in the line, or a board with more flash");
    if (engine === "aot")
      out.push("--engine wasm3 has smaller code where the line is long, at some 20 times the instructions");
  }
  if (kinds.has("ram")) {
    if (budget.memory?.free)
      out.push(`--memory: ${grouped(budget.memory.free)} bytes of the linear memory are not used`);
    out.push(
      "make the blocks smaller (samplesperbuffer, width, height, max-size-buffers), or use a board with more RAM",
    );
  }
  return out;
}

/** The budget as it is printed. */
export function budgetText(budget: Budget, title: string, engine: string): string {
  const lines = [title, line("", "flash", "RAM")];
  const bytes = (n: number): string => (n ? grouped(n) : "");
  for (const row of budget.rows) {
    lines.push(line(row.part, bytes(row.flash), bytes(row.ram)));
    // An interpreter has the linear memory in its own.
    const inside = row.part === "engine" && !budget.rows.some((r) => r.part === "linear memory" && r.ram);
    if (budget.memory && inside) {
      lines.push(
        line("  of it linear memory", "", bytes(budget.memory.fixed + budget.memory.pools + budget.memory.free)),
      );
    }
    if (row.part === "linear memory" && budget.memory) {
      const { fixed, pools, free, segments } = budget.memory;
      lines.push(line("  pools", "", bytes(pools)), line("  records and constants", "", bytes(fixed)));
      if (free) lines.push(line("  free", "", bytes(free)));
      if (segments) lines.push(line("  of it filled from flash", bytes(segments), bytes(segments), "counted in both"));
    }
  }
  const { reserved, computed } = budget.stack;
  const note =
    computed === null ? "kept; its use is not known" : `kept; ${grouped(computed)} computed as the worst case`;
  lines.push(line("stack", "", grouped(reserved), note));
  const sum = (kind: "flash" | "ram"): number => budget.rows.reduce((n, r) => n + r[kind], 0);
  lines.push(line("total", grouped(sum("flash")), grouped(sum("ram") + reserved)));
  for (const r of budget.regions) {
    if (r.used === 0 && !["FLASH", "RAM"].includes(r.name)) continue;
    const share = `${((100 * r.used) / r.length).toFixed(1)} %`;
    const cell = `${grouped(r.used)} of ${grouped(r.length)}`;
    lines.push(`${r.name.padEnd(NAME)}${cell}, ${share}`);
  }
  lines.push(...budget.stack.notes.map((n) => `note: ${n}`));
  if (computed !== null && computed > reserved) {
    const more = grouped(computed - reserved);
    lines.push(`warning: the stack may grow ${more} bytes larger than what is kept for it ("stack" in board.json)`);
  }
  if (budget.excess.length) {
    lines.push(...budget.excess.map((e) => `error: the image does not fit: ${e}`));
    lines.push(...advice(budget, engine).map((a) => `hint: ${a}`));
  }
  return lines.join("\n");
}

const NAME = 28;
const CELL = 12;

function line(name: string, flash: string, ram: string, note = ""): string {
  return `${name.padEnd(NAME)}${flash.padStart(CELL)}${ram.padStart(CELL)}${note ? `   ${note}` : ""}`.trimEnd();
}
