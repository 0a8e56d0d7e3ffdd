import { ELEMENTS } from "../generated/elements.js";
import { ElementTable, PropertyTable, capsText } from "../table.js";
import { ExitCode } from "./exit.js";
import { toJson } from "./json.js";

/** Width of the texts behind a name. */
const COLUMN = 24;

/** `g2g inspect`: the exit code. */
export function inspectCommand(name: string | undefined, options: { json?: boolean }): Promise<number> {
  const shown = ELEMENTS.filter((t) => !t.flags?.includes("hidden"));
  let text: string;
  if (name === undefined) {
    text = options.json ? toJson(shown, 2) : shown.map((t) => row(t.name, t.doc ?? "")).join("\n");
  } else {
    const table = shown.find((t) => t.name === name || t.aliases?.includes(name));
    if (!table) {
      const near = nearest(
        name,
        shown.flatMap((t) => [t.name, ...(t.aliases ?? [])]),
      );
      process.stderr.write(`error: no element "${name}"${near ? `; did you mean ${near}?` : ""}\n`);
      return Promise.resolve(ExitCode.Usage);
    }
    text = options.json ? toJson(table, 2) : describe(table);
  }
  process.stdout.write(`${text}\n`);
  return Promise.resolve(ExitCode.Ok);
}

function row(name: string, text: string): string {
  return name.length < COLUMN ? name.padEnd(COLUMN) + text : `${name}\n${" ".repeat(COLUMN)}${text}`;
}

function describe(t: ElementTable): string {
  const out = [`${t.name}: ${t.doc ?? ""}`, ""];
  if (t.klass) out.push(row("class", t.klass));
  if (t.aliases?.length) out.push(row("also called", t.aliases.join(", ")));
  if (t.flags?.includes("host")) out.push(row("served by", "the host, for programs that use the library"));
  if (t.line) out.push(row("stands for", t.line));
  out.push(row("rank", String(t.rank ?? 0)));
  if (t.pads?.length) out.push("", "pads");
  for (const p of t.pads ?? []) {
    const caps = capsText(p.caps) || "ANY";
    const lines = caps.split("; ");
    out.push(row(`  ${p.name}`, `${p.direction}, ${p.presence ?? "always"}`));
    for (const line of lines) out.push(row("", `  ${line}`));
  }
  if (t.properties?.length) out.push("", "properties");
  for (const p of t.properties ?? []) {
    out.push(row(`  ${p.name}`, p.doc ?? ""));
    out.push(row("", facts(p)));
    for (const [nick, [, doc]] of Object.entries(p.values ?? {})) out.push(row("", `  ${nick}: ${doc}`));
  }
  if (t.example) out.push("", "example", `  ${t.flags?.includes("host") ? t.example : `g2g launch '${t.example}'`}`);
  return out.join("\n");
}

/** Type, range, default and flags of a property. */
function facts(p: PropertyTable): string {
  let text = p.type;
  if (p.min !== undefined && p.max !== undefined) text += ` from ${p.min} to ${p.max}`;
  else if (p.min !== undefined) text += `, ${p.min} or more`;
  else if (p.max !== undefined) text += ` up to ${p.max}`;
  if (p.default !== undefined && p.default !== "") text += `, default ${p.default}`;
  if (p.flags?.includes("readonly")) text += ", read only";
  if (p.flags?.includes("before")) text += ", before the start";
  return text;
}

/** The word that is most like another, if one is. */
export function nearest(word: string, words: string[]): string {
  let best = "";
  let least = Math.max(2, word.length >> 1) + 1;
  for (const w of words) {
    const d = w.startsWith(word) ? 1 : distance(word, w);
    if (d < least) {
      least = d;
      best = w;
    }
  }
  return best;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(last[j] + 1, next[j - 1] + 1, last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    last = next;
  }
  return last[b.length];
}
