// An element's table as the records that the core reads: assembly/registry/factory.ts.

const DIRECTIONS = { src: 1, sink: 2 };
const PRESENCES = { always: 1, sometimes: 2, request: 3 };
const FACTORY_FLAGS = {
  bin: 1,
  host: 2,
  hidden: 4,
  ranges: 8,
  "no-end": 16,
  aggregator: 32,
  timed: 64,
  "late-caps": 128,
};
const TYPES = {
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
const PROPERTY_FLAGS = { readonly: 1, before: 2 };
const sum = (names, table, where) =>
  (names ?? []).reduce((n, k) => {
    if (!(k in table)) throw new Error(`${where}: unknown word ${k}`);
    return n | table[k];
  }, 0);

/** Caps in a table may stand in several lines, a structure each. */
const capsText = (caps) => (Array.isArray(caps) ? caps.join("; ") : (caps ?? ""));

/** An element's table as the records that registry/factory.ts reads. */
export function descriptor(t) {
  const parts = [];
  const int = (v) => {
    if (v >= -128 && v < 128) {
      parts.push(Buffer.from([5, v & 255]));
      return;
    }
    const b = Buffer.alloc(9);
    b[0] = 1;
    b.writeBigInt64LE(BigInt(v), 1);
    parts.push(b);
  };
  const text = (v) => {
    const data = Buffer.from(String(v));
    if (data.length < 256) {
      parts.push(Buffer.from([6, data.length]), data);
      return;
    }
    const b = Buffer.alloc(5);
    b[0] = 2;
    b.writeUInt32LE(data.length, 1);
    parts.push(b, data);
  };
  const pads = t.pads ?? [];
  const properties = t.properties ?? [];
  text(t.name);
  int(t.rank ?? 0);
  int(sum(t.flags, FACTORY_FLAGS, t.name));
  text((t.aliases ?? []).join(","));
  text(t.line ?? "");
  text(Array.isArray(t.relation) ? t.relation.join(",") : (t.relation ?? "none"));
  int(pads.length);
  int(properties.length);
  for (const p of pads) {
    text(p.name);
    int(DIRECTIONS[p.direction]);
    int(PRESENCES[p.presence ?? "always"]);
    text(capsText(p.caps) === "ANY" ? "" : capsText(p.caps));
    text(capsText(p.prefer));
  }
  for (const p of properties) {
    if (!(p.type in TYPES)) throw new Error(`${t.name}.${p.name}: unknown type ${p.type}`);
    const values = Object.entries(p.values ?? {});
    text(p.name);
    int(TYPES[p.type]);
    int(sum(p.flags, PROPERTY_FLAGS, `${t.name}.${p.name}`));
    text(p.default ?? "");
    text(p.min ?? "");
    text(p.max ?? "");
    int(values.length);
    for (const [nick, [number]] of values) {
      text(nick);
      int(number);
    }
  }
  return Buffer.concat(parts);
}
