// Memory domains: where two do not meet, a converter is put between them, or the pipeline refuses with the reason.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Option } from "./core.mjs";
import { firstError, idsOf, launch, made, play } from "./play.mjs";

const DEVICE_SRC = 'simsrc name=s caps="video/x-sim(memory:SimA)"';
const DEVICE_SINK = 'simsink name=k caps="video/x-sim(memory:SimA)"';
const SYSTEM_SRC = 'simsrc name=s caps="video/x-sim"';
const SYSTEM_SINK = 'simsink name=k caps="video/x-sim"';
const configs = { s: { frames: 20, answers: 256 } };

const factories = (host) => host.graph().map((e) => e.factory);

for (const [line, converter] of [
  [`${DEVICE_SRC} ! ${SYSTEM_SINK}`, "simdownload"],
  [`${SYSTEM_SRC} ! ${DEVICE_SINK}`, "simupload"],
]) {
  test(`${converter} is inserted where it is allowed, and carries every frame`, () => {
    const host = play(line, { configs, flags: Option.AutoConvert });
    assert.equal(host.how, "finished");
    assert.deepEqual(factories(host), ["simsrc", "simsink", converter]);
    assert.deepEqual(idsOf(host, "k"), made("s", 20));
    host.finish();
  });

  test(`without leave to insert ${converter} the error names it, the link and both sides`, () => {
    const host = play(line, { configs });
    assert.equal(host.how, "finished");
    const error = firstError(host);
    assert.equal(error.code, "NeedsConverter");
    const domains = ["memory:SimA", "memory:SystemMemory"];
    if (converter === "simupload") domains.reverse();
    assert.deepEqual(error.args, ["s", "k", ...domains, converter]);
    assert.deepEqual(factories(host), ["simsrc", "simsink"]);
    host.finish();
  });
}

test("of two branches only the one in another domain gets a converter", () => {
  const line = `${DEVICE_SRC} ! tee name=t  t. ! queue ! ${DEVICE_SINK}  t. ! ${SYSTEM_SINK.replace("=k", "=l")}`;
  const host = play(line, { configs, flags: Option.AutoConvert });
  assert.deepEqual(
    factories(host).filter((f) => f.startsWith("simd") || f.startsWith("simu")),
    ["simdownload"],
  );
  for (const sink of ["k", "l"]) assert.deepEqual(idsOf(host, sink), made("s", 20));
  host.finish();
});

test("a domain that nothing converts is refused whether or not converters are allowed", () => {
  for (const flags of [0, Option.AutoConvert]) {
    const host = play(`simothersrc name=s ! ${SYSTEM_SINK}`, { configs, flags });
    const error = firstError(host);
    assert.equal(error.code, "CannotLink");
    assert.deepEqual(error.args.slice(0, 3), ["s", "k", "memory"]);
    assert.match(error.args[3], /^video\/x-sim\(memory:SimB\), /);
    assert.equal(error.args[5], "");
    assert.equal(host.state, 0);
    host.finish();
  }
});

test("what differs in more than its domain gets no converter", () => {
  const host = launch(
    'simsrc name=s caps="video/x-sim(memory:SimA),mode=1" ! simsink name=k caps="video/x-sim,mode=2"',
    {
      configs,
      flags: Option.AutoConvert,
    },
  );
  host.setState("Playing");
  assert.equal(host.run(), "finished");
  assert.equal(firstError(host).code, "CannotLink");
  assert.deepEqual(factories(host), ["simsrc", "simsink"]);
  host.finish();
});

test("an application that goes back to NULL finds the inserted converter still working", () => {
  const host = launch(`${DEVICE_SRC} ! ${SYSTEM_SINK}`, { configs, flags: Option.AutoConvert });
  for (let i = 0; i < 3; i++) {
    host.setState("Playing");
    assert.equal(host.run(), "finished");
    assert.deepEqual(idsOf(host, "k"), made("s", 20));
    host.setState("Null");
    host.run();
    host.checkEmpty();
  }
  assert.equal(factories(host).length, 3);
  host.finish();
});

test("a stream that changes its domain goes on where everything behind takes both", () => {
  const late = {
    frames: 30,
    late: { domain: "memory:SimA" },
    changes: { 10: { domain: "" }, 20: { domain: "memory:SimA" } },
  };
  const host = play("simlatesrc name=s ! queue ! simfilter ! simsink name=k", { configs: { s: late } });
  assert.equal(firstError(host), null);
  const filtered = host.elements.get("k").got.map((e) => e.caps.domain);
  assert.equal(new Set(filtered).size, 2);
  host.finish();
});

test("a stream that changes to a domain nobody behind takes ends with the reason, after what came before", () => {
  const late = { frames: 30, late: { domain: "memory:SimA" }, changes: { 10: { domain: "" } } };
  const host = play(`simlatesrc name=s ! queue ! ${DEVICE_SINK}`, { configs: { s: late } });
  assert.equal(host.how, "finished");
  const error = firstError(host);
  assert.equal(error.code, "NeedsConverter");
  assert.deepEqual(error.args.slice(2), ["memory:SystemMemory", "memory:SimA", "simupload"]);
  assert.deepEqual(idsOf(host, "k"), made("s", 10));
  host.finish();
});

test("behind a funnel as well, no frame goes out under caps that it does not have", () => {
  const late = { frames: 30, late: { domain: "memory:SimA" }, changes: { 10: { domain: "" } } };
  const host = play(`simlatesrc name=s ! funnel ! simcode name=c ! ${SYSTEM_SINK}`, {
    configs: { s: late, c: { counts: [1], out: { domain: "", every: 1000 } } },
  });
  assert.equal(host.errors(), "");
  assert.equal(idsOf(host, "k").length, 30);
  host.finish();
  const refused = play(`simlatesrc name=s ! funnel name=f ! ${DEVICE_SINK}`, { configs: { s: late } });
  assert.equal(refused.how, "finished");
  assert.equal(firstError(refused).code, "NeedsConverter");
  assert.deepEqual(idsOf(refused, "k"), made("s", 10));
  refused.finish();
});
