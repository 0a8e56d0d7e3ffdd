// How packets of ours differ from those of another program.

/** Ticks of the clock of transport streams, which both sides count in; finer differences are nobody's. */
const ticks = (ns) => (ns === null ? null : Math.round((ns * 9) / 100_000));

/** The kind of difference between two values of a field, or null; times that are a tick apart are a kind of their own. */
function kindOf(field, ours, theirs) {
  if (field !== "pts" && field !== "dts") return ours === theirs ? null : field;
  const [a, b] = [ticks(ours), ticks(theirs)];
  if (a === b) return null;
  return a !== null && b !== null && Math.abs(a - b) === 1 ? `${field} by a tick` : field;
}

/**
 * Kinds in which two lists of packets differ: "count", names of fields, and "pts by a tick".
 * @param fields which are looked at
 * @returns by kind, the first place where it is seen, as a text
 */
export function differences(ours, theirs, fields) {
  const found = new Map();
  if (ours.length !== theirs.length) found.set("count", `${ours.length} and not ${theirs.length}`);
  for (let i = 0; i < Math.min(ours.length, theirs.length); i++) {
    for (const field of fields) {
      const kind = kindOf(field, ours[i][field], theirs[i][field]);
      if (kind && !found.has(kind)) found.set(kind, `packet ${i}: ${ours[i][field]} and not ${theirs[i][field]}`);
    }
  }
  return found;
}

/**
 * The entries of a list of known differences that are for a file.
 * @param list entries { file, stream, kinds, why }; why names the clause that decides
 * @returns by stream, the kinds, sorted
 */
export function knownFor(list, file) {
  return new Map(list.filter((e) => e.file === file).map((e) => [e.stream, [...e.kinds].sort()]));
}

/** Throws when what was found is not what is known: by stream, maps from kinds to texts. */
export function compareWithKnown(assert, found, known) {
  const kinds = (map) => [...map].filter(([, k]) => k.length);
  const seen = new Map([...found].map(([stream, map]) => [stream, [...map.keys()].sort()]));
  const texts = [...found].flatMap(([stream, map]) => [...map].map(([kind, text]) => `${stream}: ${kind}: ${text}`));
  assert.deepEqual(Object.fromEntries(kinds(seen)), Object.fromEntries(kinds(known)), texts.join("\n"));
}
