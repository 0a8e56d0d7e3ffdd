// What a spec's module imports, with types, and the module as the board's engines want it.

const [CUSTOM, TYPE, IMPORT, EXPORT] = [0, 1, 2, 7];

/** Kinds of exports that a board calls or looks at. */
const [FUNCTION, MEMORY] = [0, 2];

/** Of the section of names, the part with those of functions. */
const FUNCTION_NAMES = 1;
const TYPES = { 0x7f: "i32", 0x7e: "i64", 0x7d: "f32", 0x7c: "f64" };

/** Reads a section of a module. */
class Reader {
  at = 0;

  constructor(bytes) {
    this.bytes = bytes;
  }

  u32() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }

  take(length) {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  name() {
    return Buffer.from(this.take(this.u32())).toString();
  }

  list(read) {
    return Array.from({ length: this.u32() }, read);
  }
}

function leb(n) {
  const bytes = [];
  for (; n > 127; n = Math.floor(n / 128)) bytes.push((n % 128) | 128);
  return [...bytes, n];
}

function readTypes(r) {
  return r.list(() => {
    r.take(1);
    const types = () => r.list(() => TYPES[r.take(1)[0]]);
    return { params: types(), results: types() };
  });
}

function readImports(r, types) {
  return r.list(() => {
    const module = r.name();
    const name = r.name();
    const [kind] = r.take(1);
    if (kind !== 0) throw new Error(`${module}.${name} is imported and no function`);
    const type = r.u32();
    return { module, name, type, ...types[type] };
  });
}

/** The import section under names of its own: g2g.i0, g2g.i1 … */
function numbered(imports) {
  const name = (text) => [...leb(text.length), ...Buffer.from(text)];
  const each = imports.flatMap(({ type }, i) => [...name("g2g"), ...name(`i${i}`), 0, ...leb(type)]);
  return [...leb(imports.length), ...each];
}

/** The export section without tables and globals, which get names by it. */
function called(r) {
  const kept = r
    .list(() => {
      const begin = r.at;
      r.name();
      const [kind] = r.take(1);
      r.u32();
      return kind === FUNCTION || kind === MEMORY ? [...r.bytes.subarray(begin, r.at)] : null;
    })
    .filter(Boolean);
  return [...leb(kept.length), ...kept.flat()];
}

/** The section of names with those of functions alone: firmware/tool/aot.ts knows globals by their numbers. */
function functionNames(r) {
  const name = r.name();
  if (name !== "name") return null;
  while (r.at < r.bytes.length) {
    const [id] = r.take(1);
    const part = r.take(r.u32());
    if (id === FUNCTION_NAMES) return [4, ...Buffer.from(name), id, ...leb(part.length), ...part];
  }
  return null;
}

/**
 * Reads a module that is valid.
 * @returns its imports, and the same module with imports that are named by their numbers, as firmware/tool/aot.ts takes them
 */
export function readSpec(binary) {
  const all = new Reader(binary);
  const parts = [all.take(8)];
  let types = [];
  let imports = [];
  while (all.at < binary.length) {
    const begin = all.at;
    const [id] = all.take(1);
    const section = new Reader(all.take(all.u32()));
    if (id === TYPE) types = readTypes(section);
    if (id === IMPORT) imports = readImports(section, types);
    let body = null;
    if (id === IMPORT) body = numbered(imports);
    else if (id === EXPORT) body = called(section);
    else if (id === CUSTOM) body = functionNames(section);
    else parts.push(binary.subarray(begin, all.at));
    if (body) parts.push(Uint8Array.from([id, ...leb(body.length), ...body]));
  }
  return { imports, renamed: Buffer.concat(parts) };
}
