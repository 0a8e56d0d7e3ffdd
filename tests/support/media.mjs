// Real media, and the programs that are asked about it. Tests that need what is not there are skipped with the reason.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { cli, root } from "./g2g.mjs";

/** Time after which a program that is asked hangs, ms. */
const PATIENCE = 60_000;
const MAX_OUTPUT = 1 << 28;

/** The folder of real media: what G2G_MEDIA names, or shared/media beside the checkout; null when there is none. */
export const media = [process.env.G2G_MEDIA ?? path.resolve(root, "../shared/media")].find(fs.existsSync) ?? null;

/** Whether a program can be started. */
function canRun(program) {
  return spawnSync(program, ["-version"], { stdio: "ignore" }).error === undefined;
}

/** Why a test cannot run that needs the media folder (`"media"`) and programs: a text for `skip`, or false. */
export function missing(...needs) {
  for (const need of needs) {
    if (need === "media" ? !media : !canRun(need)) {
      return need === "media" ? "no folder of media: set G2G_MEDIA" : `${need} is not installed`;
    }
  }
  return false;
}

/** Files of the media folder, relative to it, whose path matches. */
export function mediaFiles(pattern) {
  if (!media) return [];
  const names = fs.readdirSync(media, { recursive: true }).map((name) => name.split(path.sep).join("/"));
  return names.filter((name) => pattern.test(name) && fs.statSync(path.join(media, name)).isFile()).sort();
}

/** Runs a program to its end. @returns its code (null: it was ended by a signal), and what it printed */
export function run(program, args, options = {}) {
  const { status, signal, error, stdout, stderr } = spawnSync(program, args, {
    maxBuffer: MAX_OUTPUT,
    timeout: PATIENCE,
    killSignal: "SIGKILL",
    ...options,
  });
  if (error && status === null && !signal) throw error;
  return { code: status, signal, stdout, stderr: String(stderr) };
}

/** Asks `g2g probe` about a file: its streams, or with --packets a list of packets, and how the program ended. */
export function probe(file, ...options) {
  const { code, stdout, stderr } = run(process.execPath, [cli, "probe", "--json", ...options, file]);
  const lines = String(stdout).split("\n").filter(Boolean);
  if (options.includes("--packets")) return { code, stderr, packets: lines.map((line) => JSON.parse(line)) };
  return { code, stderr, ...(stdout.length ? JSON.parse(String(stdout)) : {}) };
}

/** What ffprobe says, as an object. */
export function ffprobe(file, ...options) {
  const { code, stdout, stderr } = run("ffprobe", ["-v", "error", "-of", "json", ...options, file]);
  let said = {};
  try {
    said = JSON.parse(String(stdout));
  } catch {
    // Where it gives up in the middle of a file it leaves half an object.
  }
  return { code, stderr, ...said };
}

/** Packets of a file as ffprobe has them, in the form of g2g probe: times in ns, rounded to the nearest. */
export function ffprobePackets(file, ...options) {
  const said = ffprobe(file, "-show_streams", "-show_packets", "-show_data_hash", "md5", ...options);
  const streams = said.streams ?? [];
  const packets = (said.packets ?? []).map((p) => {
    const time = (v) => (v === undefined ? null : ticksToNs(v, streams[p.stream_index].time_base));
    return {
      stream: p.stream_index,
      pts: time(p.pts),
      dts: time(p.dts),
      duration: time(p.duration),
      size: Number(p.size ?? 0),
      key: p.flags.startsWith("K"),
      discard: p.flags.includes("D"),
      md5: p.data_hash?.replace("MD5:", "") ?? null,
      pos: Number(p.pos ?? -1),
    };
  });
  return { code: said.code, stderr: said.stderr, streams, packets };
}

/** Ticks of a time base such as 1/90000 in ns, halves away from zero. */
export function ticksToNs(ticks, base) {
  const [num, den] = base.split("/").map(BigInt);
  const n = BigInt(ticks) * num * 1_000_000_000n;
  const half = den / 2n;
  return Number((n < 0n ? n - half : n + half) / den);
}
