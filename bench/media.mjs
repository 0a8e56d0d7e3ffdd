// Makes the files the benchmarks read, with ffmpeg; they are kept under build/bench and made again when they are missing.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

/** Seconds of stream that are encoded; longer files repeat them without encoding again. */
const CLIPS = {
  // About 50 Mb/s: noisy 1080p50, access units of 100 to 200 kB.
  high: {
    seconds: 10,
    args: ["-i", "testsrc2=size=1920x1080:rate=50", "-vf", "noise=alls=30:allf=t"],
    codec: ["-preset", "ultrafast", "-g", "50", "-b:v", "50M", "-maxrate", "55M", "-bufsize", "50M"],
  },
  // About 4 Mb/s: 720p30 with B-frames and two slices a picture.
  low: {
    seconds: 30,
    args: ["-i", "testsrc2=size=1280x720:rate=30", "-vf", "noise=alls=12:allf=t"],
    codec: [
      "-preset",
      "veryfast",
      "-g",
      "60",
      "-bf",
      "2",
      "-x264-params",
      "slices=2",
      "-b:v",
      "4M",
      "-maxrate",
      "4M",
      "-bufsize",
      "4M",
    ],
  },
};

function ffmpeg(args) {
  const r = spawnSync("ffmpeg", ["-v", "error", "-y", ...args], { stdio: ["ignore", "inherit", "inherit"] });
  if (r.error || r.status) throw new Error(`ffmpeg failed: ${r.error?.message ?? `exit ${r.status}`}`);
}

/**
 * A transport stream with H.264 and AAC.
 * @param {string} dir where the files are kept
 * @param {"high" | "low"} kind
 * @param {number} bytes at least this long
 * @returns {string} its path
 */
export function transportStream(dir, kind, bytes) {
  fs.mkdirSync(dir, { recursive: true });
  const { seconds, args, codec } = CLIPS[kind];
  const clip = path.join(dir, `${kind}.ts`);
  if (!fs.existsSync(clip)) {
    const temporary = `${clip}.part`;
    console.error(`encoding ${seconds} s for ${clip}`);
    ffmpeg([
      ...["-f", "lavfi", "-t", String(seconds), ...args.slice(0, 2)],
      ...["-f", "lavfi", "-t", String(seconds), "-i", "sine=frequency=440:sample_rate=48000"],
      ...args.slice(2),
      ...["-c:v", "libx264", ...codec, "-c:a", "aac", "-b:a", "128k", "-f", "mpegts", temporary],
    ]);
    fs.renameSync(temporary, clip);
  }
  const loops = Math.ceil(bytes / fs.statSync(clip).size);
  if (loops <= 1) return clip;
  const long = path.join(dir, `${kind}-${Math.round(bytes / 1e6)}.ts`);
  if (!fs.existsSync(long)) {
    console.error(`repeating it ${loops} times for ${long}`);
    ffmpeg(["-stream_loop", String(loops - 1), "-i", clip, "-c", "copy", "-f", "mpegts", `${long}.part`]);
    fs.renameSync(`${long}.part`, long);
  }
  return long;
}
