// Packets of real transport streams, as they leave the demuxer and behind the parsers, against ffprobe's.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { compareWithKnown, differences, knownFor } from "../support/media-compare.mjs";
import { KNOWN_PES, KNOWN_UNITS, WITHOUT_TABLES } from "../support/media-ts-known.mjs";
import { ffprobePackets, media, mediaFiles, missing, probe } from "../support/media.mjs";

const reason = missing("media", "ffprobe");
const files = mediaFiles(/\.(ts|m2ts)$/i);

/** By PID, the packets of those streams whose caps are accepted. */
function ourPackets(file, streams, accept, ...options) {
  const said = probe(file, "--packets", ...options);
  assert.equal(said.code, 0, said.stderr);
  const wanted = streams.filter((s) => accept(s.caps));
  const pid = (stream) => parseInt(stream.pad.split("_").at(-1), 16);
  return new Map(wanted.map((s) => [pid(s), said.packets.filter((p) => p.stream === s.index)]));
}

/** By PID, the packets that ffprobe sees. */
function theirPackets(file, ...options) {
  const { streams, packets } = ffprobePackets(file, ...options);
  return new Map(streams.map((s) => [Number(s.id), packets.filter((p) => p.stream === s.index)]));
}

/** By stream, the differences of all streams of ours. */
function compare(ours, theirs, fields) {
  const hex = (pid) => `0x${pid.toString(16)}`;
  return new Map([...ours].map(([pid, list]) => [hex(pid), differences(list, theirs.get(pid) ?? [], fields)]));
}

/** The demuxer itself takes what stands in front of the units of these off. */
const isUnwrapped = (caps) => caps.startsWith("audio/x-opus");
const isParsed = (caps) => /^video\/x-h264|^audio\/mpeg, mpegversion=\(int\)[24]/.test(caps);

test("transport streams", { skip: reason }, async (t) => {
  assert.ok(files.length > 30, "the folder has transport streams");
  for (const name of files) {
    const file = path.join(media, name);
    const found = probe(file);
    if (WITHOUT_TABLES.includes(name)) {
      await t.test(`${name}: a stream without program tables is refused`, () => {
        assert.equal(found.code, 1);
        assert.match(found.stderr, /^error: demux at byte \d+: there is no program table in \d+ packets$/m);
      });
      continue;
    }
    await t.test(`${name}: PES packets`, () => {
      assert.equal(found.code, 0, found.stderr);
      const ours = ourPackets(file, found.streams, (caps) => !isUnwrapped(caps), "--parse=never");
      const theirs = theirPackets(file, "-fflags", "noparse+nofillin");
      const differing = compare(ours, theirs, ["size", "pts", "dts", "md5"]);
      compareWithKnown(assert, differing, knownFor(KNOWN_PES, name));
    });
    await t.test(`${name}: access units and frames`, () => {
      const ours = ourPackets(file, found.streams, (caps) => isParsed(caps) || isUnwrapped(caps));
      const differing = compare(ours, theirPackets(file), ["size", "pts", "dts", "key", "md5"]);
      compareWithKnown(assert, differing, knownFor(KNOWN_UNITS, name));
    });
  }
});

test("the lists of differences name files that there are", { skip: reason }, () => {
  const named = [...KNOWN_PES, ...KNOWN_UNITS].map((e) => e.file);
  for (const file of [...named, ...WITHOUT_TABLES]) assert.ok(files.includes(file), file);
});
