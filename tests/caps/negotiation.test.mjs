// Negotiation over small random graphs: it finds caps for all links exactly when there are some.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { descriptor } from "../../scripts/lib/descriptor.mjs";
import { root } from "../../scripts/lib/inputs.mjs";
import { Kit } from "./kit.mjs";

const MEDIA = ["video/x-raw", "audio/x-raw"];
const FEATURES = ["", "memory:DMABuf"];
const table = (name) => JSON.parse(fs.readFileSync(path.join(root, "tables", name), "utf8"));
const ERROR = table("abi.json").enums.Post.values.Error;
const CANNOT_LINK = table("errors.json").find(({ name }) => name === "CannotLink").code;

/**
 * Values of two fields. Caps name numbers from 1 to 4, of which relations make up to 4 more or less; the last value of
 * each field is in no caps, and stands for all that caps leave open.
 */
const X = [-3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 99];
const Y = ["a", "b", "c", "other"];

/** All that one link can carry. */
const POINTS = MEDIA.flatMap((media) =>
  FEATURES.flatMap((feature) => X.flatMap((x) => Y.map((y) => ({ media, feature, x, y })))),
);

const subset = (list) => fc.subarray(list, { minLength: 1 });
const structure = fc.record({
  media: fc.constantFrom(...MEDIA),
  feature: fc.constantFrom("", "memory:DMABuf", "ANY", "ANY"),
  x: fc.option(
    fc.oneof(
      subset([1, 2, 3, 4]).map((list) => ({ list })),
      fc.constantFrom([1, 2], [2, 4], [1, 4]).map((range) => ({ range })),
    ),
    { nil: undefined },
  ),
  y: fc.option(
    subset(["a", "b"]).map((list) => ({ list })),
    { nil: undefined },
  ),
});
/** Pairs of values: which one is right shows only further on, so that the first choice is often wrong. */
const pair = fc.record({
  media: fc.constant(MEDIA[0]),
  feature: fc.constant("ANY"),
  x: fc.constantFrom([1], [2], [3], [3], [1, 2]).map((list) => ({ list })),
  y: fc.constantFrom("a", "b", "c").map((v) => ({ list: [v] })),
});
const pairs = fc.array(pair, { minLength: 2, maxLength: 5 });
const open = fc.constant([{ media: MEDIA[0], feature: "ANY", x: undefined, y: undefined }]);
const someCaps = fc.oneof(fc.array(structure, { minLength: 1, maxLength: 3 }), { weight: 2, arbitrary: pairs }, open);
/** ANY has no fields to go on, so it stands only where all is the same or nothing is. */
const padCaps = (relations) =>
  relations.every((r) => r === "same" || r === "none")
    ? fc.oneof({ weight: 6, arbitrary: someCaps }, fc.constant("ANY"))
    : someCaps;

const listText = (list) => (list.length === 1 ? list[0] : `{ ${list.join(", ")} }`);

function capsText(c) {
  if (c === "ANY") return "ANY";
  return c
    .map(({ media, feature, x, y }) => {
      let text = media + (feature && `(${feature})`);
      if (x) text += `, x=(int)${x.list ? listText(x.list) : `[ ${x.range.join(", ")} ]`}`;
      if (y) text += `, y=(string)${listText(y.list)}`;
      return text;
    })
    .join("; ");
}

const has = (limit, v) => !limit || (limit.list ? limit.list.includes(v) : v >= limit.range[0] && v <= limit.range[1]);

function admits(c, p) {
  if (c === "ANY") return true;
  return c.some(
    (s) => s.media === p.media && (s.feature === "ANY" || s.feature === p.feature) && has(s.x, p.x) && has(s.y, p.y),
  );
}

/** Whether a relation lets a sink pad carry `p` while a src pad carries `q`. */
const RELATIONS = {
  none: () => true,
  same: (p, q) => p.media === q.media && p.feature === q.feature && p.x === q.x && p.y === q.y,
  x: (p, q) => p.x === q.x,
  y: (p, q) => p.y === q.y,
  "x,y": (p, q) => p.x === q.x && p.y === q.y,
  // What is open stays open: only numbers that caps name are moved.
  successor: (p, q) =>
    p.media === q.media && p.feature === q.feature && p.y === q.y && (p.x === 99 ? q.x === 99 : q.x === p.x + 1),
};

/**
 * A graph: elements in an order in which data flows, links as pairs of numbers of elements with the caps of both pads.
 * A branch of a tee or an input of a mixer is one more link.
 */
const graph = (relations) =>
  fc
    .tuple(
      fc.array(fc.constantFrom(...relations), { minLength: 2, maxLength: 5 }),
      fc.array(fc.tuple(fc.nat(99), fc.nat(99), padCaps(relations), padCaps(relations), fc.boolean()), {
        minLength: 1,
        maxLength: 6,
      }),
    )
    .map(([kinds, wires]) => ({
      elements: kinds,
      links: wires.map(([a, b, given, taken, prefers]) => {
        const from = a % (kinds.length - 1);
        return { from, to: from + 1 + (b % (kinds.length - from - 1)), given, taken, prefers };
      }),
    }));

/**
 * Graphs whose streams part and meet again: elements in a row with some links between each two. One field goes on where
 * they part and another where they meet, so that single choices agree with all their neighbours and still lead nowhere.
 */
const row = (relations) =>
  fc
    .tuple(
      fc.array(fc.constantFrom(...relations), { minLength: 2, maxLength: 3 }),
      fc.array(fc.tuple(pairs, fc.oneof({ weight: 3, arbitrary: open }, pairs), fc.boolean()), {
        minLength: 9,
        maxLength: 9,
      }),
      fc.array(fc.integer({ min: 2, max: 3 }), { minLength: 2, maxLength: 2 }),
    )
    .map(([inner, caps, widths]) => {
      const counts = [1, ...widths.slice(0, inner.length - 1), 1];
      const links = counts.flatMap((n, from) => Array.from({ length: n }, () => ({ from, to: from + 1 })));
      return {
        elements: ["none", ...inner, "none"],
        links: links.map((link, i) => ({ ...link, given: caps[i][0], taken: caps[i][1], prefers: caps[i][2] })),
      };
    });

/** Pairs of links that the relation of the element between them ties. */
function tiesOf({ elements, links }) {
  return links.flatMap((into, i) =>
    links.flatMap((out, k) => (into.to === out.from ? [{ i, k, allows: RELATIONS[elements[into.to]] }] : [])),
  );
}

const common = ({ given, taken }) => POINTS.filter((p) => admits(given, p) && admits(taken, p));

/** Whether there are points for all links that keep to all relations: tries all, but what a point rules out at once. */
function solvable(g) {
  const ties = tiesOf(g);
  const place = (n, domains) => {
    if (domains.some((points) => !points.length)) return false;
    if (n === domains.length) return true;
    return domains[n].some((point) => {
      const left = domains.map((points, m) => {
        if (m <= n) return m === n ? [point] : points;
        return points.filter((other) =>
          ties.every(({ i, k, allows }) => {
            if (i === n && k === m) return allows(point, other);
            return i === m && k === n ? allows(other, point) : true;
          }),
        );
      });
      return place(n + 1, left);
    });
  };
  return place(0, g.links.map(common));
}

const kit = new Kit();

/** Builds a graph in the kit. @returns addresses of its elements and links */
function build({ elements, links }) {
  const own = elements.map((relation, n) => {
    const pads = links.flatMap((link, i) => [
      ...(link.from === n ? [{ name: `p${i}`, direction: "src", caps: capsText(link.given) }] : []),
      ...(link.to === n ? [{ name: `p${i}`, direction: "sink", caps: capsText(link.taken) }] : []),
    ]);
    for (const pad of pads) if (links[Number(pad.name.slice(1))].prefers) pad.prefer = "video/x-raw, x=3, y=b";
    const inCode = relation === "successor";
    const data = descriptor({ name: `element${n}`, relation: inCode ? "none" : relation, pads });
    const make = (ptr, length) => kit.withText("x", (f, fn) => kit.x.graph_element(ptr, length, Number(inCode), f, fn));
    const element = kit.withText(data, make);
    assert.ok(element, "the element is made");
    return element;
  });
  return {
    elements: own,
    links: links.map(({ from, to }, i) => {
      const name = kit.withText(`p${i}`, (ptr, length) => kit.x.atom(ptr, length));
      return kit.x.graph_link(own[from], name, own[to], name);
    }),
  };
}

/** Lets the streams of all sources begin, and checks what all links got. */
function run(g, made) {
  for (const [n, element] of made.elements.entries()) {
    if (!g.links.some(({ to }) => to === n))
      assert.ok(kit.x.graph_begin(element), `source ${n}: ${inspect(kit.posts)}`);
  }
  const chosen = made.links.map((link) => kit.hold(kit.x.graph_caps(link)));
  const allowed = made.links.map((link) => kit.hold(kit.x.graph_allowed(link)));
  for (const [i, caps] of chosen.entries()) {
    assert.ok(caps, `link ${i} has caps`);
    assert.equal(kit.isFixed(caps), true);
    for (const side of [capsText(g.links[i].given), capsText(g.links[i].taken)]) {
      assert.equal(kit.subset(caps, kit.parse(side)), true, `${kit.print(caps)} of ${side}`);
    }
    assert.equal(kit.subset(caps, allowed[i]), true, "what was allowed holds");
  }
  // Fields that stay open stand for one value on both sides.
  const shape = (caps) => {
    const text = kit.print(caps);
    const x = /x=\(int\)(\d+)/.exec(text);
    const y = /y=\(string\)(\w+)/.exec(text);
    const [, media, feature] = /^([^,(]+)(?:\(([^)]*)\))?/.exec(text);
    return { media, feature: feature ?? "", x: x ? Number(x[1]) : 99, y: y ? y[1] : "other" };
  };
  for (const { i, k, allows } of tiesOf(g)) {
    assert.ok(allows(shape(chosen[i]), shape(chosen[k])), `${kit.print(chosen[i])} and ${kit.print(chosen[k])}`);
  }
}

function holds(graphs, numRuns) {
  const seen = { solved: 0, refused: 0 };
  const once = (g) => {
    const made = build(g);
    try {
      const expected = solvable(g);
      const found = !!kit.x.graph_check();
      assert.equal(found, expected, `${expected ? "there are caps" : "there are none"}: ${inspect(kit.posts)}`);
      seen[found ? "solved" : "refused"]++;
      if (found) run(g, made);
      else assert.deepEqual([kit.posts[0][0], kit.posts[0][1]], [ERROR, CANNOT_LINK]);
    } finally {
      const leaked = kit.end();
      kit.begin();
      assert.equal(leaked, 0, "pieces of memory that leaked");
    }
  };
  fc.assert(fc.property(graphs, once), { seed: 23, numRuns });
  // Neither answer is the exception.
  assert.ok(seen.solved > numRuns / 20 && seen.refused > numRuns / 20, JSON.stringify(seen));
}

test("caps are found exactly when there are some, where pads carry the same", () =>
  holds(graph(["same", "none"]), 1500));

test("caps are found exactly when there are some, where fields go on", () => holds(graph(["x", "y", "x,y"]), 1500));

test("caps are found exactly when there are some, in mixed graphs", () =>
  holds(graph(["same", "x", "y", "x,y", "none"]), 3000));

test("caps are found exactly when there are some, with relations in code", () => {
  holds(graph(["successor", "same", "x", "y"]), 2000);
});

test("caps are found exactly when there are some, where streams part and meet", () => {
  holds(row(["x", "y", "x,y"]), 3000);
});

test("caps are found exactly when there are some, where streams part and meet with relations in code", () => {
  holds(row(["x", "y", "successor"]), 2000);
});
