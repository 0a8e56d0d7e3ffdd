// The same chains in GStreamer and here, and what each writes.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { folder, play } from "../support/g2g.mjs";

const version = spawnSync("gst-launch-1.0", ["--version"], { encoding: "utf8" }).stdout?.match(/GStreamer (\d+\.\d+)/);

/** Why comparisons are skipped; false when they can run. The bytes are those of GStreamer 1.22. */
export const skip = !version
  ? "gst-launch-1.0 is not installed"
  : version[1] !== "1.22" && `gst-launch-1.0 is of version ${version[1]}, not 1.22`;

/** Whether to compare everything with everything: minutes in place of seconds. */
export const everything = Boolean(process.env.G2G_SWEEP);

/** Lines of chains that each end in a file of a folder. */
const lineOf = (chains, dir) => chains.map((chain, i) => `${chain} ! filesink location=${path.join(dir, `${i}`)}`);

const readAll = (chains, dir) => chains.map((_, i) => fs.readFileSync(path.join(dir, `${i}`)));

/**
 * Runs chains in GStreamer, all at once.
 * @param chains launch lines of a source and what follows it, without a sink and with no space in a word
 * @returns the bytes of each
 */
export function gstreamer(t, chains) {
  const dir = folder(t);
  execFileSync("gst-launch-1.0", ["-q", ...lineOf(chains, dir).join(" ").split(/ +/)]);
  return readAll(chains, dir);
}

/** Runs the same here. */
export async function ours(t, chains, options = {}) {
  const dir = folder(t);
  await play(t, lineOf(chains, dir).join(" "), options);
  return readAll(chains, dir);
}

/** Compares bytes and says where the first difference is. */
export function same(actual, expected, what) {
  assert.equal(actual.length, expected.length, `${what}: bytes`);
  if (actual.equals(expected)) return;
  const at = actual.findIndex((byte, i) => byte !== expected[i]);
  assert.fail(`${what}: byte ${at} is ${actual[at]}, not ${expected[at]}`);
}
