// Access units of real H.264 byte streams against those of ffmpeg's parser.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { compareWithKnown, differences, knownFor } from "../support/media-compare.mjs";
import { ffprobePackets, media, mediaFiles, missing } from "../support/media.mjs";
import { playPackets } from "../support/media-stream.mjs";

/**
 * Where our access units differ from those of FFmpeg 5.1, and which clause of ISO/IEC 14496-10 decides. Each entry is checked:
 * one that no longer applies fails.
 */
const KNOWN = [
  ...["openh264/BA1_Sony_D.jsv", "openh264/BASQP1_Sony_C.jsv", "openh264/NL1_Sony_D.jsv"].map((file) => ({
    file,
    stream: "video",
    kinds: ["key"],
    why: "7.4.1.2.4, D.2.8: I pictures that are no IDR pictures and have no recovery point; ffmpeg guesses that they are keys",
  })),
  {
    file: "openh264/sps_subsetsps_bothVUI.264",
    stream: "video",
    kinds: ["key"],
    why: "7.4.1.2.3: slices of an extension (type 20) are no primary picture, so that the unit is neither a key nor depends on one",
  },
];

/** Files without a start code (Annex B), which are no byte streams; ffmpeg finds no packets in them. */
const NOT_ANNEX_B = ["mp4ff/avc/testdata/two-frames.264"];

const reason = missing("media", "ffprobe");
const files = mediaFiles(/\.(264|h264|jsv)$/i);

test("H.264 byte streams", { skip: reason }, async (t) => {
  assert.ok(files.length > 30, "the folder has H.264 streams");
  for (const name of files) {
    await t.test(name, async () => {
      const file = path.join(media, name);
      const { packets, error } = await playPackets(`filesrc location=${file} ! h264parse ! packetsink`);
      const theirs = ffprobePackets(file, "-f", "h264").packets;
      if (NOT_ANNEX_B.includes(name)) {
        assert.equal(error?.report.name, "WrongType");
        assert.equal(theirs.length, 0);
        return;
      }
      assert.equal(error, null);
      const found = new Map([["video", differences(packets, theirs, ["size", "key", "md5"])]]);
      compareWithKnown(assert, found, knownFor(KNOWN, name));
    });
  }
});

test("the list of differences names files that there are", { skip: reason }, () => {
  for (const file of [...KNOWN.map((e) => e.file), ...NOT_ANNEX_B]) assert.ok(files.includes(file), file);
});
