// What the core does with a host that breaks the contract: an error that says so, and nothing is lost or kept.
import assert from "node:assert/strict";
import { test } from "node:test";
import { State } from "./core.mjs";
import { firstError, idsOf, launch, made, play } from "./play.mjs";

for (const [breach, number] of Object.entries({ pad: 0, size: 1, caps: 2, domain: 3 })) {
  test(`a source of the host's that breaks the contract (${breach}) ends the pipeline`, () => {
    const configs = { s: { frames: 10, answers: 256, breach } };
    const host = play('simsrc name=s caps="video/x-sim" ! queue ! simsink name=k', { configs });
    assert.equal(host.how, "finished");
    const { code, element, args } = firstError(host);
    assert.deepEqual([code, element, args], ["HostProtocol", "s", [number]]);
    assert.equal(host.posted("Error").length, 1);
    // What came before it arrives, and then the end.
    assert.deepEqual(idsOf(host, "k"), made("s", 3));
    assert.equal(host.elements.get("k").drains, 1);
    host.finish();
  });
}

test("completions for operations that are over are passed over, and what they carry goes back", () => {
  const host = launch("simsrc name=s ! simsink name=k", { configs: { s: { frames: 10 } } });
  host.setState("Playing");
  host.run(() => host.state === State.Playing);
  // Tokens of operations that were, at the places of those that are.
  const stale = [...host.ops.keys()].map((token) => (token + 0x70000000) >>> 0);
  assert.ok(stale.length);
  for (const token of [0, 0xffffffff, ...stale]) {
    const extra = host.alloc(100);
    const handle = host.memory.create("memory:SimA", {});
    host.core.put({ token, kind: 2, result: 100, extra, length: 100, handle });
  }
  assert.equal(host.run(), "finished");
  assert.equal(firstError(host), null);
  assert.deepEqual(idsOf(host, "k"), made("s", 10));
  host.finish();
});

test("an element that fails tells of one branch, and the others end with what there is", () => {
  const configs = { s: { frames: 60, answers: 256 }, k: { frameErrorAt: 7, frameError: -7 } };
  const host = play("simsrc name=s ! tee name=t  t. ! queue ! simsink name=k  t. ! queue ! simsink name=l", {
    configs,
  });
  assert.equal(host.how, "finished");
  assert.deepEqual([firstError(host).code, firstError(host).element], ["HostElement", "k"]);
  assert.equal(host.posted("Error").length, 1);
  assert.equal(host.posted("Eos").length, 0);
  const got = idsOf(host, "l");
  assert.deepEqual(got, made("s", got.length));
  assert.ok(got.length >= 8);
  assert.equal(host.elements.get("l").drains, 1);
  host.finish();
});
