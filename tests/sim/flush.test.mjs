// Seeks that flush while host elements are at work: nothing of what was in flight arrives behind them, nothing is lost
// after them, and what the host still gives for the time before is void.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NONE, Send } from "./core.mjs";
import { firstError, launch, styleOf } from "./play.mjs";
import { Random } from "./random.mjs";

const MS = 1_000_000;
const FLUSH = 1;
const ACCURATE = 2;
const TIME = 2;

/** Units of the source: 100 a second. */
const UNIT = 10 * MS;

const LINES = [
  "SRC ! simhold ! simtap name=k",
  "SRC ! queue max-size-buffers=3 ! simhold ! queue ! simhold ! simtap name=k",
  "SRC ! identity ! simhold ! simtap name=k sync=true",
  "SRC ! tee name=t  t. ! queue ! simhold ! simtap name=k  t. ! simtap name=l",
];
const SOURCE =
  "audiotestsrc num-buffers=200 samplesperbuffer=80 ! audio/x-raw,format=S16LE,rate=8000,channels=1,layout=interleaved";

/** Seeks to a time, ns; what the core answers. */
function seek(host, time) {
  return host.outside(() => host.core.event(Send.Seek, [{ double: 1 }, TIME, FLUSH | ACCURATE, time, NONE]));
}

/** Checks what a sink got: from each flush on, units without a hole from the time that was sought. */
function check(host, name, targets) {
  const sink = host.elements.get(name);
  const starts = [0, ...sink.epochs];
  assert.equal(sink.epochs.length, targets.length, `${name} was flushed`);
  starts.forEach((from, i) => {
    const times = sink.got.slice(from, starts[i + 1]).map((f) => f.header.pts);
    const first = i ? targets[i - 1] : 0;
    assert.deepEqual(
      times,
      times.map((_, n) => first + n * UNIT),
      `${name} after flush ${i}`,
    );
  });
  assert.equal(sink.got.at(-1).header.pts, 199 * UNIT, `${name} got everything up to the end`);
}

test("whenever it is sought, frames go on from there and none from before comes behind it", () => {
  let frames = 0;
  let seeks = 0;
  for (let seed = 1; seed <= 240; seed++) {
    const random = new Random(seed);
    const line = LINES[seed % LINES.length].replace("SRC", SOURCE);
    const configs = Object.fromEntries(
      ["simhold0", "simhold1"].map((name) => [name, { ahead: random.pick([0, 3]), refs: random.pick([0, 2]) }]),
    );
    configs.k = { window: random.pick([1, 4]), keep: random.pick([0, 2]) };
    const host = launch(line, { configs, style: styleOf(seed), seed });
    const where = `habits ${seed}`;
    host.setState("Playing");
    const targets = [];
    for (let i = random.between(1, 3); i > 0; i--) {
      const at = host.steps + random.between(1, 60);
      host.run(() => host.steps >= at);
      // What has ended, or has no caps yet, cannot be sought.
      if (host.posted("Eos").length || host.state !== 3 || !host.elements.get("k").got.length) break;
      const target = random.below(190) * UNIT;
      assert.equal(seek(host, target), 0, where);
      targets.push(target);
    }
    assert.equal(host.run(), "finished", where);
    assert.equal(firstError(host), null, where);
    for (const name of line.includes("name=l") ? ["k", "l"] : ["k"]) check(host, name, targets);
    seeks += targets.length;
    frames += host.elements.get("k").got.length;
    host.finish();
  }
  assert.ok(frames > 240 * 50 && seeks > 240, `${frames} frames, ${seeks} seeks`);
});
