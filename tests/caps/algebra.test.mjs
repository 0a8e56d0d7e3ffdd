// The laws of the caps algebra, over generated caps and against a model that decides point by point.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Kit } from "./kit.mjs";
import { admits, caps, capsText, coverOf, denseCapsOf, pointsFor } from "./model.mjs";

const kit = new Kit();

/** Holds a property of some generated caps, which reach it as caps of the core; nothing may be left behind. */
function law(name, count, holds, generator = caps, numRuns = 800) {
  test(name, () => {
    const before = kit.pieces;
    fc.assert(
      fc.property(fc.array(generator, { minLength: count, maxLength: count }), fc.nat(99), (models, seed) => {
        try {
          return holds(
            models.map((model) => kit.parse(capsText(model))),
            models,
            seed,
          );
        } finally {
          kit.release();
          assert.equal(kit.pieces, before, "caps were left behind");
        }
      }),
      { seed: 20, numRuns },
    );
  });
}

/** Compares what the core says of each point with the model. */
function agrees(made, model, models, seed) {
  for (const point of pointsFor(models, seed)) {
    const mark = kit.held.length;
    const one = kit.parse(capsText([point]));
    assert.equal(kit.isFixed(one), true);
    assert.equal(kit.subset(one, made), model(point), `${capsText([point])} in ${kit.print(made)}`);
    kit.release(mark);
  }
}

law(
  "caps admit what their text says",
  1,
  ([x], models, seed) => {
    agrees(x, (point) => admits(models[0], point), models, seed);
  },
  caps,
  300,
);

law(
  "an intersection admits what both admit",
  2,
  ([x, y], models, seed) => {
    agrees(kit.intersect(x, y), (point) => models.every((m) => admits(m, point)), models, seed);
  },
  caps,
  300,
);

law(
  "a union admits what either admits",
  2,
  ([x, y], models, seed) => {
    agrees(kit.union(x, y), (point) => models.some((m) => admits(m, point)), models, seed);
  },
  caps,
  300,
);

law("caps meet exactly when there is a point that both admit", 2, ([x, y], models, seed) => {
  const common = pointsFor(models, seed).some((point) => models.every((m) => admits(m, point)));
  assert.equal(kit.meet(x, y), common);
  assert.equal(kit.print(kit.intersect(x, y)) !== "EMPTY", common);
});

law("one is a subset exactly when the other admits each of its points", 2, ([x, y], [m, n], seed) => {
  const inside = n === "ANY" || (m !== "ANY" && pointsFor([m, n], seed).every((p) => !admits(m, p) || admits(n, p)));
  assert.equal(kit.subset(x, y), inside);
});

law(
  "several structures can cover one together",
  2,
  ([x, y], [m, n], seed) => {
    const whole = kit.parse(capsText([...m, ...n]));
    assert.equal(kit.subset(x, whole), true);
    const points = pointsFor([m, n], seed);
    assert.equal(
      kit.subset(whole, x),
      points.every((p) => !admits(n, p) || admits(m, p)),
    );
    assert.equal(kit.equal(whole, kit.union(x, y)), true);
  },
  denseCapsOf(6),
);

law("intersection is commutative", 2, ([x, y]) => kit.equal(kit.intersect(x, y), kit.intersect(y, x)));

law("intersection is associative", 3, ([x, y, z]) =>
  kit.equal(kit.intersect(kit.intersect(x, y), z), kit.intersect(x, kit.intersect(y, z))),
);

law("intersection is idempotent", 1, ([x]) => kit.equal(kit.intersect(x, x), x));

law("union is commutative", 2, ([x, y]) => kit.equal(kit.union(x, y), kit.union(y, x)));

law("union is associative", 3, ([x, y, z]) => kit.equal(kit.union(kit.union(x, y), z), kit.union(x, kit.union(y, z))));

law("union is idempotent", 1, ([x]) => kit.equal(kit.union(x, x), x));

law("union absorbs what is common, intersection what is added", 2, ([x, y]) => {
  assert.equal(kit.equal(kit.union(x, kit.intersect(x, y)), x), true);
  assert.equal(kit.equal(kit.intersect(x, kit.union(x, y)), x), true);
});

law("intersection distributes over union", 3, ([x, y, z]) =>
  kit.equal(kit.intersect(x, kit.union(y, z)), kit.union(kit.intersect(x, y), kit.intersect(x, z))),
);

law("what is common lies in both, both lie in the union", 2, ([x, y]) => {
  const both = kit.intersect(x, y);
  const either = kit.union(x, y);
  for (const one of [x, y]) {
    assert.equal(kit.subset(both, one), true);
    assert.equal(kit.subset(one, either), true);
  }
});

law("subset is reflexive", 1, ([x]) => kit.subset(x, x));

law("subset is transitive", 3, ([x, y, z]) => {
  const [a, b, c] = [kit.intersect(kit.intersect(x, y), z), kit.intersect(x, y), x];
  assert.equal(kit.subset(a, b) && kit.subset(b, c) && kit.subset(a, c), true);
  if (kit.subset(x, y) && kit.subset(y, z)) assert.equal(kit.subset(x, z), true);
});

law("subset and intersection say the same", 2, ([x, y]) =>
  assert.equal(kit.subset(x, y), kit.equal(kit.intersect(x, y), x)),
);

law("ANY and EMPTY are the ends", 1, ([x]) => {
  const [any, empty] = [kit.parse("ANY"), kit.parse("EMPTY")];
  assert.equal(kit.equal(kit.intersect(x, any), x) && kit.equal(kit.union(x, empty), x), true);
  assert.equal(kit.print(kit.intersect(x, empty)), "EMPTY");
  assert.equal(kit.print(kit.union(x, any)), "ANY");
  assert.equal(kit.subset(empty, x) && kit.subset(x, any), true);
});

law(
  "the parts of caps cover them, whatever field is cut",
  1,
  ([x], [model], seed) => {
    const parts = model.flatMap((s) => coverOf(s, seed));
    const cover = kit.parse(capsText(parts));
    assert.equal(kit.subset(x, cover), true, capsText(parts));
    assert.equal(kit.subset(cover, x), true);
    const fewer = parts.slice(1);
    const missing = pointsFor([model, parts], seed).some((p) => admits(model, p) && !admits(fewer, p));
    assert.equal(kit.subset(x, kit.parse(capsText(fewer))), !missing);
  },
  denseCapsOf(1),
);
