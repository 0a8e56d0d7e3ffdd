// Real H.264 through the conversions of h264parse: what ffmpeg decodes from it stays the same.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { folder, play } from "../support/g2g.mjs";
import { decoded, ffmpegSays, gstPlays } from "../support/media-clean.mjs";
import { media, mediaFiles, missing } from "../support/media.mjs";

const reason = missing("media", "ffprobe", "ffmpeg", "gst-launch-1.0");

/** How many of the folder's streams ffmpeg decodes without a word; fewer would mean that little was tested. */
const LEAST = 20;

const FORMS = ["avc", "avc3"].map((form) => `video/x-h264,stream-format=${form} ! h264parse ! `);
const BYTES = "video/x-h264,stream-format=byte-stream ! ";

test("H.264 converted there and back", { skip: reason }, async (t) => {
  let tried = 0;
  for (const name of mediaFiles(/\.(264|h264|jsv)$/i)) {
    const file = path.join(media, name);
    if (ffmpegSays(file, "-f", "h264")) continue;
    tried++;
    await t.test(name, async (t) => {
      const pictures = decoded(file, "-f", "h264");
      for (const form of ["", ...FORMS]) {
        const out = path.join(folder(t), "out.264");
        await play(t, `filesrc location=${file} ! h264parse ! ${form}${BYTES}filesink location=${out}`);
        assert.equal(ffmpegSays(out, "-f", "h264"), "", form);
        assert.deepEqual(decoded(out, "-f", "h264"), pictures, form);
        gstPlays("filesrc", `location=${out}`, "!", "h264parse", "!", "fakesink");
      }
    });
  }
  assert.ok(tried >= LEAST, `only ${tried} streams were clean before`);
});
