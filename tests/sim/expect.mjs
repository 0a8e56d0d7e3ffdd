// What must have arrived, worked out from what the sources gave and from nothing that happened on the way.
import { Fault } from "./fault.mjs";
import { outputsOf } from "./transform.mjs";

/** Identities that a path makes of those that its source gave, in order. */
function through(path, ids) {
  let list = ids;
  for (const { name, config } of path.transforms) list = list.flatMap((id) => outputsOf(name, config, id));
  return list;
}

/** Identities of what a source gave, the first `n` of them. */
function given(host, source, n = Infinity) {
  const element = host.elements.get(source);
  return element ? element.output.given.slice(0, n).map((e) => e.header.id) : [];
}

/** Sorts what a sink got by the path it came on; null for each path whose frames are not in order or not its own. */
function byPath(got, lists) {
  const where = new Map(lists.flatMap((list, path) => list.map((id, i) => [id, { path, i }])));
  const counts = lists.map(() => 0);
  for (const id of got) {
    const place = where.get(id);
    if (!place) return `${id} was never made for it`;
    const { path, i } = place;
    if (i !== counts[path]) return `${id} comes where ${lists[path][counts[path]]} should`;
    counts[path]++;
  }
  return counts;
}

/**
 * Checks all sinks of a graph.
 *
 * @param whole paths (by `source` and names of transforms) of which everything must have come; of others, a beginning
 * @param least frames by source that must have been counted, for sources that were ended from outside
 * @throws Fault with the first frame that is lost, doubled, or in the wrong place
 */
export function checkSinks(host, graph, { whole, least }) {
  const cuts = {};
  for (const [name, paths] of Object.entries(graph.sinks)) {
    const sink = host.elements.get(name);
    const got = (sink?.got ?? []).map((e) => e.header.id);
    const lists = paths.map((path) => through(path, given(host, path.source)));
    const counts = byPath(got, lists);
    if (typeof counts === "string") throw new Fault(`${name}: ${counts}`);
    for (const [i, path] of paths.entries()) {
      if (!whole(path, name)) continue;
      narrowCut(host, cuts, name, path, counts[i], least(path.source));
    }
  }
}

/** Narrows down after how many frames a source was ended: the same for all that comes of it. */
function narrowCut(host, cuts, name, path, count, least) {
  const all = given(host, path.source);
  const fits = new Set();
  for (let n = Math.min(least, all.length); n <= all.length; n++) {
    if (through(path, all.slice(0, n)).length === count) fits.add(n);
  }
  const before = cuts[path.source];
  const both = before ? new Set([...before].filter((n) => fits.has(n))) : fits;
  if (!both.size) {
    const expected = through(path, all.slice(0, least));
    throw new Fault(
      `${name}: ${count} frames of ${path.source}, at least ${expected.length} were made; next ${expected[count]}`,
    );
  }
  cuts[path.source] = both;
}
