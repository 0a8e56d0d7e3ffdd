// Caps as plain values: generators, their text, and what they admit, decided point by point and apart from the core.
import fc from "fast-check";

/*
 * A value is { int }, { range: [low, high, step] }, { fraction: [n, d] }, { fractions: [[n, d], [n, d]] }, { string },
 * { bool }, { mask }, { bytes }, { list: [values] } or { array: [values] }; a structure is { media, feature, fields };
 * caps are a list of structures or "ANY". A point is a structure of single values that leaves no field open.
 */

export const MEDIA = ["video/x-raw", "audio/x-raw"];
export const FEATURES = ["", "memory:DMABuf", "ANY"];

/** Ends of the ranges of fractions: few, so that ranges meet. */
const FRACTIONS = [
  [-1, 1],
  [0, 1],
  [1, 3],
  [1, 2],
  [5, 1],
  [30000, 1001],
];

const less = ([a, b], [c, d]) => a * d < c * b;
const fractionText = ([n, d]) => `${n}/${d}`;

const int = fc.integer({ min: -2, max: 9 });
const range = fc.tuple(int, fc.nat(11), fc.integer({ min: 1, max: 5 })).map(([low, more, step]) => {
  return { range: [low, low + more, step] };
});
const fraction = fc.constantFrom(...FRACTIONS);
const fractions = fc.tuple(fraction, fraction).map(([x, y]) => ({ fractions: less(y, x) ? [y, x] : [x, y] }));
const string = fc.constantFrom("NV12", "I420", "two words", 'quo"te', "");

const numbers = fc.oneof(
  int.map((v) => ({ int: v })),
  range,
);
const rates = fc.oneof(
  fraction.map((v) => ({ fraction: v })),
  fractions,
);
const others = fc.oneof(
  string.map((v) => ({ string: v })),
  fc.boolean().map((v) => ({ bool: v })),
  fc.constantFrom(0n, 3n, 0xffffffffffffffffn).map((v) => ({ mask: v })),
  fc.constantFrom("", "00ff", "00fe").map((v) => ({ bytes: v })),
);

const listOf = (item) => fc.array(item, { minLength: 1, maxLength: 4 }).map((list) => ({ list }));
/** Items of arrays are few, so that all arrays of two can be told apart. */
const fixedItem = fc.oneof(
  fc.nat(3).map((v) => ({ int: v })),
  fc.constantFrom("I420", "").map((v) => ({ string: v })),
);
const itemRange = fc.tuple(fc.nat(1), fc.nat(2), fc.integer({ min: 1, max: 2 })).map(([low, more, step]) => {
  return { range: [low, low + more, step] };
});
const item = fc.oneof({ weight: 3, arbitrary: fixedItem }, itemRange, listOf(fixedItem));
const arrays = fc.array(item, { maxLength: 2 }).map((array) => ({ array }));

/** Values of a field whose values are of one kind, or of any. */
const FIELDS = {
  width: fc.oneof(numbers, listOf(numbers)),
  framerate: fc.oneof(rates, listOf(rates)),
  format: fc.oneof(others, arrays, listOf(fc.oneof(numbers, rates, others, arrays))),
};

const structure = fc.record({
  media: fc.constantFrom(...MEDIA),
  feature: fc.constantFrom(...FEATURES),
  fields: fc.record(FIELDS, { requiredKeys: [] }),
});

/** Caps of up to `most` structures of one kind, which have much in common. */
export const denseCapsOf = (most) =>
  fc.array(
    fc.record({ fields: fc.record(FIELDS, { requiredKeys: ["width"] }) }).map(({ fields }) => {
      return { media: MEDIA[0], feature: "", fields };
    }),
    { maxLength: most },
  );

/** Caps of up to `most` structures. */
export const capsOf = (most) => fc.array(structure, { maxLength: most });

export const caps = fc.oneof(
  { weight: 20, arbitrary: capsOf(3) },
  { weight: 20, arbitrary: denseCapsOf(4) },
  fc.constant("ANY"),
);

/**
 * Parts of a value that together are all of it: two stretches, or the residues modulo some number.
 * @param by where to cut, or the number
 */
export function partsOf(v, by) {
  const [kind] = Object.keys(v);
  if (kind === "list") {
    const [first, ...rest] = v.list;
    return rest.length ? [...partsOf(first, by), { list: rest }] : partsOf(first, by);
  }
  if (kind === "range") {
    const [low, high, step] = v.range;
    const count = Math.floor((high - low) / step) + 1;
    if (by % 2 && count > 1) {
      const cut = low + (by % (count - 1)) * step;
      return [{ range: [low, cut, step] }, { range: [cut + step, high, step] }];
    }
    const classes = Math.min((by % 4) + 1, count);
    return Array.from({ length: classes }, (_, i) => ({ range: [low + i * step, high, step * classes] }));
  }
  if (kind === "fractions") {
    const [low, high] = v.fractions;
    const cut = middle(low, high);
    return [{ fractions: [low, cut] }, { fractions: [cut, high] }];
  }
  if (kind === "array" && v.array.length) {
    const [first, ...rest] = v.array;
    return partsOf(first, by).map((part) => ({ array: [part, ...rest] }));
  }
  return [v];
}

/** Parts of a structure that the core tells for certain to cover it. */
const MAX_PARTS = 9;

/** Structures that together are all of one, by cutting some of its fields. */
export function coverOf(structure, by) {
  let parts = [structure];
  for (const [name, v] of Object.entries(structure.fields)) {
    parts = parts.flatMap((s) => partsOf(v, by).map((part) => ({ ...s, fields: { ...s.fields, [name]: part } })));
  }
  // The core looks for a way out of many parts for a bounded time.
  return parts.length > MAX_PARTS ? [structure] : parts;
}

const TYPES = { int: "int", range: "int", fraction: "fraction", fractions: "fraction", string: "string" };
Object.assign(TYPES, { bool: "boolean", mask: "bitmask", bytes: "buffer" });

const quote = (text) => `"${text.replace(/["\\]/g, "\\$&")}"`;

/** The text of a value, with its type in front. */
export function valueText(v) {
  const [kind] = Object.keys(v);
  if (kind === "list") return `{ ${v.list.map(valueText).join(", ")} }`;
  if (kind === "array") return `< ${v.array.map(valueText).join(", ")} >`;
  let text = String(v[kind]);
  if (kind === "range") text = `[ ${v.range.join(", ")} ]`;
  else if (kind === "fraction") text = fractionText(v.fraction);
  else if (kind === "fractions") text = `[ ${v.fractions.map(fractionText).join(", ")} ]`;
  else if (kind === "string") text = quote(v.string);
  else if (kind === "mask") text = `0x${v.mask.toString(16)}`;
  // An empty word is no value, so bytes stand in quotes.
  else if (kind === "bytes") text = `"${v.bytes}"`;
  return `(${TYPES[kind]})${text}`;
}

function structureText({ media, feature, fields }) {
  const list = Object.entries(fields).map(([name, v]) => `, ${name}=${valueText(v)}`);
  return `${media}${feature && `(${feature})`}${list.join("")}`;
}

/** The text of caps. */
export function capsText(c) {
  if (c === "ANY") return "ANY";
  return c.length ? c.map(structureText).join("; ") : "EMPTY";
}

/** Whether a value admits a single one. */
export function admitsValue(v, point) {
  const [kind] = Object.keys(v);
  if (kind === "list") return v.list.some((item) => admitsValue(item, point));
  if (kind === "range") {
    const [low, high, step] = v.range;
    return "int" in point && point.int >= low && point.int <= high && (point.int - low) % step === 0;
  }
  if (kind === "fractions") {
    const [low, high] = v.fractions;
    return "fraction" in point && !less(point.fraction, low) && !less(high, point.fraction);
  }
  if (kind === "array") {
    if (!("array" in point) || point.array.length !== v.array.length) return false;
    return v.array.every((item, i) => admitsValue(item, point.array[i]));
  }
  if (!(kind in point)) return false;
  return kind === "fraction" ? fractionText(v.fraction) === fractionText(point.fraction) : v[kind] === point[kind];
}

/** Whether caps admit a point. */
export function admits(c, point) {
  if (c === "ANY") return true;
  return c.some(
    ({ media, feature, fields }) =>
      media === point.media &&
      (feature === "ANY" || feature === point.feature) &&
      Object.entries(fields).every(([name, v]) => admitsValue(v, point.fields[name])),
  );
}

/** Fractions at all ends of values and one between each two of them, which tell unions of ranges apart. */
function fractionPoints(values) {
  const flat = values.flatMap((v) => v.list ?? [v]);
  const ends = flat.flatMap((v) => v.fractions ?? (v.fraction ? [v.fraction] : []));
  const known = new Map([...FRACTIONS, [-2, 1], [31, 1], ...ends].map((f) => [fractionText(f), f]));
  const sorted = [...known.values()].sort((x, y) => (less(x, y) ? -1 : 1));
  const points = sorted.flatMap((f, i) => (i ? [middle(sorted[i - 1], f), f] : [f]));
  return points.map((fraction) => ({ fraction }));
}

function middle([a, b], [c, d]) {
  const [n, m] = [a * d + c * b, 2 * b * d];
  let [x, y] = [Math.abs(n), m];
  while (y) [x, y] = [y, x % y];
  return [n / x, m / x];
}

const pointInts = Array.from({ length: 26 }, (_, i) => ({ int: i - 3 }));
const pointStrings = ["NV12", "I420", "two words", 'quo"te', "", "none of them"].map((v) => ({ string: v }));
const pointItems = [...pointInts.slice(3, 7), ...["I420", "", "none of them"].map((v) => ({ string: v })), { int: 99 }];
const pointArrays = [[], ...pointItems.map((v) => [v]), ...pointItems.flatMap((v) => pointItems.map((w) => [v, w]))];
const pointOthers = [
  ...pointStrings,
  { bool: false },
  { bool: true },
  ...[0n, 3n, 0xffffffffffffffffn, 7n].map((v) => ({ mask: v })),
  ...["", "00ff", "00fe", "01"].map((v) => ({ bytes: v })),
];

/** Single values but fractions for each field: with some that nothing generated has, all that can be told apart. */
const DOMAIN = {
  width: [...pointInts, { int: 1000 }],
  framerate: [{ int: 1000 }],
  format: [...pointOthers, ...pointArrays.map((array) => ({ array })), ...pointInts, { int: 1000 }],
};

/** All values of a field in some caps. */
const valuesOf = (list, name) =>
  list.flatMap((c) => (c === "ANY" ? [] : c.flatMap(({ fields }) => fields[name] ?? [])));

/**
 * Points that tell some caps apart: all combinations of one single value for each class of those that the same values of
 * the field admit.
 * @param list caps
 * @param seed which value of each class
 */
export function pointsFor(list, seed) {
  let points = MEDIA.flatMap((media) =>
    [...FEATURES.slice(0, 2), "memory:Other"].map((feature) => ({ media, feature })),
  );
  points = points.map((point) => ({ ...point, fields: {} }));
  for (const [name, domain] of Object.entries(DOMAIN)) {
    const values = valuesOf(list, name);
    const classes = new Map();
    for (const point of name === "width" ? domain : [...domain, ...fractionPoints(values)]) {
      const key = values.map((v) => Number(admitsValue(v, point))).join("");
      classes.set(key, [...(classes.get(key) ?? []), point]);
    }
    const chosen = [...classes.values()].map((members) => members[seed % members.length]);
    points = points.flatMap(({ fields, ...point }) =>
      chosen.map((v) => ({ ...point, fields: { ...fields, [name]: v } })),
    );
  }
  return points;
}
