// Fixation: one stream out of caps, as near to a wish as there is.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Kit } from "./kit.mjs";
import { admits, admitsValue, caps, capsText, denseCapsOf, pointsFor, valueText } from "./model.mjs";

const kit = new Kit();

function holds(arbitraries, property) {
  const before = kit.pieces;
  fc.assert(
    fc.property(...arbitraries, (...args) => {
      try {
        property(...args);
      } finally {
        kit.release();
        assert.equal(kit.pieces, before, "caps were left behind");
      }
    }),
    { seed: 22, numRuns: 1500 },
  );
}

test("what is chosen is one stream of the caps, with or without a wish", () => {
  holds([caps, caps], (m, n) => {
    const [x, wish] = [kit.parse(capsText(m)), kit.parse(capsText(n))];
    for (const chosen of [kit.fixate(x), kit.fixate(x, wish)]) {
      if (m === "ANY" || !m.length) assert.equal(kit.print(chosen), "EMPTY");
      else assert.equal(kit.isFixed(chosen) && kit.subset(chosen, x), true);
    }
  });
});

test("what is fixed stays as it is", () => {
  holds([caps, fc.nat(99)], (m, seed) => {
    const points = pointsFor([m], seed);
    const x = kit.parse(capsText([points[seed % points.length]]));
    assert.equal(kit.fixate(x, kit.parse(capsText(m))), x);
  });
});

test("a wish that can be had is had, in every field that is no array", () => {
  holds([denseCapsOf(1), fc.nat(99)], (m, seed) => {
    const points = pointsFor([m], seed).filter((p) => admits(m, p));
    if (!points.length) return;
    const wish = points[seed % points.length];
    const chosen = kit.fixate(kit.parse(capsText(m)), kit.parse(capsText([wish])));
    const fields = Object.fromEntries(
      Object.keys(m[0].fields).flatMap((k) => ("array" in wish.fields[k] ? [] : [[k, wish.fields[k]]])),
    );
    const wished = kit.parse(capsText([{ ...wish, fields }]));
    assert.equal(kit.subset(chosen, wished), true, `${kit.print(chosen)} for ${capsText([wish])}`);
  });
});

test("without a wish the first alternative and the low end are taken", () => {
  const chosen = (text, wish = null) => kit.print(kit.fixate(kit.parse(text), wish ? kit.parse(wish) : 0));
  assert.equal(chosen("a/b, x=[ 3, 9 ], y={ 5, 4 }; c/d"), "a/b, x=(int)3, y=(int)5");
  assert.equal(chosen("a/b, x=[ 1/2, 3/1 ], y={ two, one }"), "a/b, x=(fraction)1/2, y=(string)two");
  assert.equal(chosen("a/b(ANY), x=< [ 1, 2 ], { 4, 3 } >"), "a/b, x=(int)< 1, 4 >");
  assert.equal(chosen("a/b, x={ [ 10, 20, 5 ], 3 }", "a/b, x=13"), "a/b, x=(int)15");
  assert.equal(chosen("a/b; c/d, x=[ 1, 2 ]", "c/d, x=2"), "c/d, x=(int)2");
  assert.equal(chosen("a/b, y=1; a/b, y=[ 2, 3 ]", "a/b, y=3"), "a/b, y=(int)3");
  assert.equal(chosen("a/b, x=[ 24/1, 60/1 ]", "a/b, x=30000/1001"), "a/b, x=(fraction)30000/1001");
  assert.equal(chosen("a/b, x=[ 24/1, 60/1 ]", "a/b, x=1/1"), "a/b, x=(fraction)24/1");
  assert.equal(chosen("a/b, x=[ 24/1, 60/1 ]", "a/b, x=120/1"), "a/b, x=(fraction)60/1");
  assert.equal(chosen("a/b, x=[ -2147483648, 2147483647, 4294967295 ]", "a/b, x=1"), "a/b, x=(int)2147483647");
  kit.release();
});

test("of numbers the nearest is taken", () => {
  const wishes = fc.oneof(fc.integer({ min: -9, max: 30 }), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1));
  holds([denseCapsOf(1), wishes], (m, wish) => {
    const width = m[0]?.fields.width;
    if (!width) return;
    const text = (v) => `a/b, width=${valueText(v)}`;
    const chosen = kit.print(kit.fixate(kit.parse(text(width)), kit.parse(text({ int: wish }))));
    const found = Number(/width=\(int\)(-?\d+)/.exec(chosen)[1]);
    assert.equal(admitsValue(width, { int: found }), true);
    for (let v = -2; v <= 25; v++) {
      if (admitsValue(width, { int: v })) assert.ok(Math.abs(found - wish) <= Math.abs(v - wish), `${found}, not ${v}`);
    }
  });
});
