// What typefind says about real files: against GStreamer's gst-typefind-1.0, each difference with its reason.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { launch, within } from "../support/g2g.mjs";
import { media, mediaFiles } from "../support/media.mjs";

const canCompare = !spawnSync("gst-typefind-1.0", ["--version"]).error;
const skip = media ? (canCompare ? false : "gst-typefind-1.0 is not installed") : "no folder of media: set G2G_MEDIA";

/** Memory for a pipeline that reads the head of a file. */
const MEMORY = 8 << 20;

/** What typefind says about a file: media type and probability; null when it does not know. */
async function ours(t, file) {
  const p = await launch(t, `filesrc location="${file}" ! typefind ! fakesink`, { memory: MEMORY });
  const told = (async () => {
    let found = null;
    for await (const m of p.bus) {
      if (m.type === "error") assert.match(m.name, /^(UnknownType|NoData)$/, file);
      if (m.type === "element") found = { media: String(m.values[0]).split(",")[0], probability: Number(m.values[1]) };
    }
    return found;
  })();
  await within(p.play(), file).catch(() => {});
  await within(p.stop(), file);
  await within(p.close(), file);
  return told;
}

/** Media types by file, as GStreamer has them; null where it does not know. */
function theirs(files) {
  const { stdout, stderr } = spawnSync("gst-typefind-1.0", files, { encoding: "utf8", maxBuffer: 1 << 26 });
  const said = new Map();
  for (const line of `${stdout}${stderr}`.split("\n")) {
    const [, file, type] = line.match(/^(\/.*?) - (.*)$/) ?? [];
    if (file) said.set(file, type.startsWith("FAILED") ? null : type.split(",")[0]);
  }
  return said;
}

/** Where the answers differ: ours, GStreamer's, why ours is kept. "none": not known. */
const DIFFERENCES = [
  ["application/dash+xml", "application/xml", "an MPD behind a declaration or comment that GStreamer does not skip"],
  ["application/dash+xml", "none", "the same"],
  ["application/ogg", "none", "GStreamer wants a second page"],
  [
    /^(audio\/|application\/x-ape)/,
    "application/x-id3",
    "the tag is looked through, since no element here takes it off",
  ],
  ["audio/x-ac4", "none", "GStreamer does not know AC-4"],
  ["audio/x-musepack", "application/x-apetag", "the tag at the end of a file is not looked at"],
  ["image/avif", "video/quicktime", "GStreamer does not know AVIF"],
  [/^raw\/x-pcap/, /./, "GStreamer does not know pcapng, and pcap only with certain link types"],
  ["text/plain", "none", "GStreamer wants a share of printable characters or a length"],
  ["text/uri-list", "none", "a playlist without entries"],
  ["video/mpeg", "audio/x-ac3", "a program stream is looked for before what may be inside of it"],
  ["video/mpegts", "none", "GStreamer wants more packets than such a file has"],
  ["video/quicktime", "application/ttml+xml", "TTML inside of a fragment"],
  ["video/webm", "audio/webm", "the header does not say that there is no video"],
  ["video/x-matroska", "audio/x-matroska", "the same"],
];

const matches = (pattern, value) => (pattern instanceof RegExp ? pattern.test(value) : pattern === value);

test("real files are what GStreamer takes them for", { skip }, async (t) => {
  const files = mediaFiles(/./).map((name) => path.join(media, name));
  const other = theirs(files);
  const wrong = [];
  let known = 0;
  for (const file of files) {
    const found = await ours(t, file);
    const mine = found?.media ?? "none";
    // GStreamer says nothing about a file that it cannot read to its end.
    if (!other.has(file)) continue;
    const expected = other.get(file) ?? "none";
    if (mine === expected) {
      if (found) known++;
      continue;
    }
    if (!DIFFERENCES.some(([a, b]) => matches(a, mine) && matches(b, expected)))
      wrong.push(`${path.relative(media, file)}: ${mine}, not ${expected}`);
  }
  assert.deepEqual(wrong, []);
  assert.ok(known > files.length / 2, `${known} of ${files.length} files are known to both`);
});

/** Names of files that say what they are. */
const BY_NAME = [
  [/\.(m?ts|m2ts)$/, "video/mpegts"],
  [/\.mkv$/, "video/x-matroska"],
  [/\.webm$/, "video/webm"],
  [/\.(mp4|m4s|mov)$/, "video/quicktime"],
  [/\.m4a$/, "audio/x-m4a"],
  [/\.flv$/, "video/x-flv"],
  [/\.wav$/, "audio/x-wav"],
  [/\.flac$/, "audio/x-flac"],
  [/\.ivf$/, "video/x-ivf"],
  [/\.avif$/, "image/avif"],
  [/\.m3u8$/, "application/x-hls"],
  [/\.(h264|264)$/, "video/x-h264"],
  [/\.(ac4)$/, "audio/x-ac4"],
];

test("most real files are what their names say", { skip: !media && skip }, async (t) => {
  for (const [pattern, expected] of BY_NAME) {
    const files = mediaFiles(pattern);
    let right = 0;
    for (const file of files) if ((await ours(t, path.join(media, file)))?.media === expected) right++;
    // Broken files, encrypted ones and text of tests bear such names too.
    assert.ok(right >= files.length * 0.6, `${pattern}: ${right} of ${files.length} are ${expected}`);
  }
});

const MOOV_LAST = /^mediabunny\/(sar_2x1|ac3|toothsome-dts)\.mp4$/;

test("a demuxer behind typefind reads out of order as it does without", { skip: !media && skip }, async (t) => {
  const files = mediaFiles(MOOV_LAST);
  assert.ok(files.length, "there are such files");
  const frames = async (line) => {
    const p = await launch(t, line);
    await within(p.play(), line);
    const sizes = [];
    for await (const frame of p.appsink("s")) {
      sizes.push([frame.pts, frame.size]);
      frame.release();
    }
    await within(p.done, line);
    return sizes;
  };
  for (const name of files) {
    const source = `filesrc location=${path.join(media, name)} blocksize=16384`;
    const direct = await frames(`${source} ! mp4demux ! appsink name=s sync=false`);
    assert.ok(direct.length > 10, name);
    assert.deepEqual(await frames(`${source} ! typefind ! mp4demux ! appsink name=s sync=false`), direct, name);
  }
});
