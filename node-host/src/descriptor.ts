import { HostFault } from "./core/errors.js";
import { RecordWriter } from "./core/records.js";
import { ElementTable, capsText } from "./table.js";

const DIRECTIONS: Record<string, number> = { src: 1, sink: 2 };
const PRESENCES: Record<string, number> = { always: 1, sometimes: 2, request: 3 };
const FACTORY_FLAGS: Record<string, number> = {
  bin: 1,
  host: 2,
  hidden: 4,
  ranges: 8,
  "no-end": 16,
  aggregator: 32,
  timed: 64,
  "late-caps": 128,
};
const PROPERTY_FLAGS: Record<string, number> = { readonly: 1, before: 2 };
const TYPES: Record<string, number> = {
  boolean: 1,
  int: 2,
  uint: 3,
  int64: 4,
  uint64: 5,
  double: 6,
  string: 7,
  enum: 8,
  fraction: 9,
  caps: 10,
};

/**
 * An element's table as the records that `describe` takes (assembly/registry/factory.ts).
 * @throws {HostFault} when the table has a word that does not exist
 */
export function describeTable(t: ElementTable): Uint8Array {
  const number = (words: Record<string, number>, word: string, where: string): number => {
    const n = words[word];
    if (n === undefined) throw new HostFault(`${where}: unknown word "${word}"`);
    return n;
  };
  const flags = (list: string[] | undefined, words: Record<string, number>, where: string): number =>
    (list ?? []).reduce((n, word) => n | number(words, word, where), 0);
  const pads = t.pads ?? [];
  const properties = t.properties ?? [];
  const w = new RecordWriter();
  w.text(t.name);
  w.int(t.rank ?? 0);
  w.int(flags(t.flags, FACTORY_FLAGS, t.name));
  w.text((t.aliases ?? []).join(","));
  w.text(t.line ?? "");
  w.text(Array.isArray(t.relation) ? t.relation.join(",") : (t.relation ?? "none"));
  w.int(pads.length);
  w.int(properties.length);
  for (const p of pads) {
    const where = `${t.name}.${p.name}`;
    w.text(p.name);
    w.int(number(DIRECTIONS, p.direction, where));
    w.int(number(PRESENCES, p.presence ?? "always", where));
    w.text(capsText(p.caps));
    w.text(capsText(p.prefer));
  }
  for (const p of properties) {
    const where = `${t.name}.${p.name}`;
    const values = Object.entries(p.values ?? {});
    w.text(p.name);
    w.int(number(TYPES, p.type, where));
    w.int(flags(p.flags, PROPERTY_FLAGS, where));
    w.text(String(p.default ?? ""));
    w.text(String(p.min ?? ""));
    w.text(String(p.max ?? ""));
    w.int(values.length);
    for (const [nick, [n]] of values) {
      w.text(nick);
      w.int(n);
    }
  }
  return w.done();
}
