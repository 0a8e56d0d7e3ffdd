// Whose a symbol is: what the budget groups bytes by.
import { archiveMembers } from "./ar.js";
import { Elf } from "./elf.js";

/** Rows of the budget, in the order in which they are shown. */
export const PARTS = [
  "core code",
  "core constants",
  "engine",
  "linear memory",
  "host runtime",
  "elements",
  "board and drivers",
  "executor and time",
  "network stack",
  "libraries",
  "unnamed",
] as const;

/** A row of the budget. */
export type Part = (typeof PARTS)[number];

/** Crates by part; others are libraries. */
const CRATES: readonly [RegExp, Part][] = [
  [/^g2g_engine$/, "engine"],
  [/^g2g_(runtime|interface)$/, "host runtime"],
  [/^g2g_elements$/, "elements"],
  [
    /^(g2g_chips|g2g_board.*|embassy_(rp|stm32|hal_internal)|cortex_m.*|.*_(pac|metapac|boot2)|vcell)$/,
    "board and drivers",
  ],
  [/^embassy_(executor|time|sync|futures).*$/, "executor and time"],
  [/^(embassy_net.*|smoltcp|managed|heapless)$/, "network stack"],
];

/** Symbols whose name says what they are, whoever defines them. */
const NAMES: readonly [RegExp, Part][] = [
  [/^G2G_MEMORY$/, "linear memory"],
  [/^G2G_MODULE$/, "core code"],
  [/^(g2g_core_(data|stretches)|data_segment_data_.*)$/, "core constants"],
  [/^G2G_ARENA$/, "engine"],
  [/^w2c_/, "core code"],
];

/** The static library that the core is compiled to. */
const CORE_ARCHIVE = "g2g_core";

const LANGUAGE = ["core", "alloc", "std"];

/**
 * The crate that a mangled symbol belongs to: of an implementation that of the type or, when the type is of the
 * language, that of the trait. null for what is no symbol of Rust.
 */
export function crateOf(symbol: string): string | null {
  let crates: string[] = [];
  if (symbol.startsWith("_R")) {
    for (const m of symbol.matchAll(/C(?:s[0-9A-Za-z]*_)?(\d+)_?/g)) {
      const at = m.index + m[0].length;
      const name = symbol.slice(at, at + Number(m[1]));
      if (name.length === Number(m[1]) && /^[a-z_]\w*$/.test(name)) crates.push(name);
    }
  } else {
    const m = /^_ZN(\d+)/.exec(symbol);
    if (!m) return null;
    const first = symbol.slice(m[0].length, m[0].length + Number(m[1]));
    crates = first.includes("$") ? [...first.matchAll(/(?:^|[$_. ])([a-z]\w*?)\.\./g)].map((c) => c[1]) : [first];
  }
  return crates.find((c) => !LANGUAGE.includes(c)) ?? crates[0] ?? "core";
}

/**
 * The symbols that C objects of static libraries define.
 * @param archives static library, its file name and the crate that made it
 * @returns symbol to part
 */
export function archiveParts(
  archives: readonly { crate: string; name: string; data: Uint8Array }[],
): Map<string, Part> {
  const out = new Map<string, Part>();
  for (const { crate, name, data } of archives) {
    const part = name.includes(CORE_ARCHIVE) ? "core code" : partOfCrate(crate);
    for (const member of archiveMembers(data)) {
      let elf: Elf;
      try {
        elf = new Elf(member.data);
      } catch {
        continue;
      }
      for (const s of elf.symbols()) {
        if (s.section && s.kind !== "other") out.set(s.name, part);
      }
    }
  }
  return out;
}

/** The row that a crate is counted in. */
export function partOfCrate(crate: string, board = ""): Part {
  if (crate === board) return "board and drivers";
  return CRATES.find(([pattern]) => pattern.test(crate))?.[1] ?? "libraries";
}

/** The last element of a mangled path: the name of a static. */
function lastName(symbol: string): string {
  const path = symbol.replace(/17h[0-9a-f]{16}E$/, "");
  for (const m of path.matchAll(/\d+/g)) {
    const name = path.slice(m.index + m[0].length);
    if (name.length === Number(m[0])) return name;
  }
  return "";
}

/**
 * The row that a symbol is counted in.
 * @param libraries what `archiveParts` found
 * @param board name of the board's crate
 */
export function partOf(symbol: string, libraries: ReadonlyMap<string, Part>, board: string): Part {
  const crate = crateOf(symbol);
  const name = crate === null ? symbol : lastName(symbol);
  const byName = NAMES.find(([pattern]) => pattern.test(name));
  if (byName) return byName[1];
  if (crate !== null) return partOfCrate(crate, board);
  return libraries.get(symbol) ?? "libraries";
}
