// Frames of real ADTS streams against those of ffmpeg's parser.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { compareWithKnown, differences, knownFor } from "../support/media-compare.mjs";
import { ffprobePackets, media, mediaFiles, missing } from "../support/media.mjs";
import { playPackets } from "../support/media-stream.mjs";

/** Where our frames differ from those of FFmpeg 5.1, and which clause decides. Each entry is checked. */
const KNOWN = [];

const reason = missing("media", "ffprobe");
const files = mediaFiles(/\.(aac|adts)$/i);

test("ADTS streams", { skip: reason }, async (t) => {
  assert.ok(files.length > 4, "the folder has ADTS streams");
  for (const name of files) {
    await t.test(name, async () => {
      const file = path.join(media, name);
      const line = `filesrc location=${file} ! audio/mpeg,mpegversion=4,stream-format=adts ! aacparse ! packetsink`;
      const { packets, error } = await playPackets(line);
      assert.equal(error, null);
      const said = ffprobePackets(file, "-f", "aac");
      // A picture in an ID3 tag is a stream of its own to ffprobe.
      const audio = said.streams.findIndex((s) => s.codec_type === "audio");
      const theirs = said.packets.filter((p) => p.stream === audio);
      const found = new Map([["audio", differences(packets, theirs, ["size", "key", "md5"])]]);
      compareWithKnown(assert, found, knownFor(KNOWN, name));
    });
  }
});
