// Real AAC through the conversions of aacparse: what ffmpeg decodes from it stays the same.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { folder, play } from "../support/g2g.mjs";
import { decoded, ffmpegSays, gstPlays } from "../support/media-clean.mjs";
import { media, mediaFiles, missing } from "../support/media.mjs";

const reason = missing("media", "ffprobe", "ffmpeg", "gst-launch-1.0");

/** How many of the folder's streams ffmpeg decodes without a word; fewer would mean that little was tested. */
const LEAST = 3;

const form = (name) => `audio/mpeg,stream-format=${name}`;

test("AAC converted there and back", { skip: reason }, async (t) => {
  let tried = 0;
  for (const name of mediaFiles(/\.(aac|adts)$/i)) {
    const file = path.join(media, name);
    if (ffmpegSays(file, "-f", "aac")) continue;
    tried++;
    await t.test(name, async (t) => {
      const samples = decoded(file, "-f", "aac", "-vn");
      const first = `filesrc location=${file} ! ${form("adts")},mpegversion=4 ! aacparse ! `;
      for (const between of ["", `${form("raw")} ! aacparse ! `, `${form("loas")} ! aacparse ! `]) {
        const out = path.join(folder(t), "out.aac");
        await play(t, `${first}${between}${form("adts")} ! filesink location=${out}`);
        assert.equal(ffmpegSays(out, "-f", "aac"), "", between);
        assert.deepEqual(decoded(out, "-f", "aac"), samples, between);
        gstPlays("filesrc", `location=${out}`, "!", "aacparse", "!", "fakesink");
      }
      const loas = path.join(folder(t), "out.loas");
      await play(t, `${first}${form("loas")} ! filesink location=${loas}`);
      assert.equal(ffmpegSays(loas, "-f", "loas"), "");
      assert.deepEqual(decoded(loas, "-f", "loas"), samples);
    });
  }
  assert.ok(tried >= LEAST, `only ${tried} streams were clean before`);
});
