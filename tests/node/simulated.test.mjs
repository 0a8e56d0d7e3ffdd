import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { launch } from "../../build/node/index.mjs";
import { within } from "../support/g2g.mjs";
import { Later, random, sink, source, transform } from "../support/simulated.mjs";

/** Runs of each test; the first seed. Set them to look for more, or at one. */
const RUNS = Number(process.env.G2G_RUNS ?? 700);
const SEED = Number(process.env.G2G_SEED ?? 1);

/** A run that follows a seed: what its sinks saw, what they should have seen, and how it ended. */
async function simulate(seed, { stop }) {
  const rnd = random(seed);
  const later = new Later(rnd);
  const domain = rnd.chance(0.5);
  const times = 1 + rnd.below(3);
  const count = rnd.below(60);
  const filters = rnd.below(3);
  const branches = 1 + rnd.below(2);
  const ledger = { handles: 0 };
  const seen = [[], []];
  const elements = [source(rnd, later, domain, count, ledger), transform(rnd, later, domain, times, ledger)];
  seen.forEach((list, i) => {
    const factory = sink(rnd, later, domain, list);
    factory.table.name += i;
    elements.push(factory);
  });
  const between = ["identity", "queue", "queue max-size-buffers=2", "simfilter"];
  const chain = () => Array.from({ length: filters }, () => ` ! ${between[rnd.below(between.length)]}`).join("");
  let line = `simsrc${chain()}`;
  if (branches === 1) line += `${chain()} ! simsink0`;
  else line += ` ! tee name=t  t.${chain()} ! queue ! simsink0  t. ! queue${chain()} ! simsink1`;
  const p = await launch(line, { elements, checkLeaks: true, memory: 8 << 20 });
  const run = p.play().then(() => p.done);
  run.catch(() => {});
  let ended = null;
  if (stop) {
    for (let i = rnd.below(40); i > 0; i--) await turn();
    const what = rnd.below(3);
    if (what === 0) p.sendEos();
    else if (what === 1) await within(p.pause(), `${line}: pause`).catch(() => {});
  } else ended = await within(run, line);
  await within(p.close(), `${line}: close`);
  const perSink = line
    .split("simsink")
    .slice(1)
    .map((_, i) => {
      // Each filter on the way multiplies.
      const way = branches === 1 ? line : `${line.split(" ! tee")[0]} ${line.split("  t.")[i + 1]}`;
      return times ** (way.match(/simfilter/g)?.length ?? 0);
    });
  return { line, count, perSink, seen: seen.slice(0, branches), ended, ledger };
}

/** Checks that a sink saw frames 0, 1 … in order, each as often as it should, with the caps that belong to them. */
function check(run, i, whole) {
  const list = run.seen[i];
  const each = run.perSink[i];
  list.forEach((f, k) => {
    assert.equal(f.n, Math.floor(k / each), `frame ${k} of sink ${i}`);
    assert.equal(f.pts, BigInt(f.n));
    assert.equal(f.epoch, Math.floor(f.n / 10), `caps of frame ${k} of sink ${i}`);
  });
  if (whole) assert.equal(list.length, run.count * each, `frames at sink ${i}`);
}

async function many(stop) {
  for (let seed = SEED; seed < SEED + RUNS; seed++) {
    let line = "";
    try {
      const run = await simulate(seed, { stop });
      line = run.line;
      if (!stop) assert.equal(run.ended, "eos");
      run.seen.forEach((_, i) => check(run, i, !stop));
      assert.equal(run.ledger.handles, 0, "handles that were not given back");
    } catch (error) {
      throw new Error(`seed ${seed} (G2G_SEED=${seed} G2G_RUNS=1): ${error.message}\n${line}`, { cause: error });
    }
  }
}

test("nothing is lost, doubled, reordered or leaked, whatever the host does", () => many(false));

test("a pipeline that is stopped at any moment gives everything back", () => many(true));
