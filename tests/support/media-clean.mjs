// Whether ffmpeg and GStreamer find nothing wrong with a file.
import assert from "node:assert/strict";
import { run } from "./media.mjs";

/** What ffmpeg says when it decodes everything in a file; empty when that is clean. */
export function ffmpegSays(file, ...input) {
  const args = ["-v", "error", "-xerror", ...input, "-i", file, "-map", "0:v?", "-map", "0:a?", "-f", "null", "-"];
  const { code, stderr } = run("ffmpeg", args);
  return code === 0 ? stderr.trim() : `exit code ${code}: ${stderr.trim()}`;
}

/** Hashes of the pictures or samples that ffmpeg decodes from a file, one text for each. */
export function decoded(file, ...input) {
  const args = ["-v", "error", "-xerror", ...input, "-i", file, "-f", "framehash", "-hash", "md5", "-"];
  const { code, stdout, stderr } = run("ffmpeg", args);
  assert.equal(code, 0, stderr);
  const rows = String(stdout).split("\n");
  return rows.filter((row) => row && !row.startsWith("#")).map((row) => row.split(",").at(-1).trim());
}

/** Throws when GStreamer cannot play a line to its end, or says anything. */
export function gstPlays(...words) {
  const { code, stdout, stderr } = run("gst-launch-1.0", ["-q", ...words]);
  assert.equal(`${stdout}${stderr}`.trim(), "", words.join(" "));
  assert.equal(code, 0, words.join(" "));
}
