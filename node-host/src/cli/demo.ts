import { mkdirSync, mkdtempSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { FRAME_SAMPLES, RATE, SAMPLE_RATE, picture, sound } from "../demo/clip.js";
import { FrameFlag } from "../generated/abi.js";
import { Pipeline, launch } from "../pipeline.js";
import { ExitCode } from "./exit.js";

/** Length of the clip, pictures. */
const PICTURES = 10 * RATE;

const SECOND = 1_000_000_000n;

const SOUNDS = Math.floor((PICTURES * SAMPLE_RATE) / (RATE * FRAME_SAMPLES));

function quote(file: string): string {
  return file.replace(/[\s"'\\]/g, "\\$&");
}

/** `g2g demo`: makes a transport stream and remuxes it to MP4; the exit code. */
export async function demoCommand(folder: string | undefined): Promise<number> {
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  const place = folder ?? mkdtempSync(path.join(tmpdir(), "glass2glass-"));
  const ts = path.join(place, "clip.ts");
  const mp4 = path.join(place, "clip.mp4");
  const make =
    `appsrc name=video format=time block=true caps="video/x-h264,stream-format=byte-stream,alignment=au" ! h264parse ! m.` +
    `  appsrc name=audio format=time block=true caps="audio/mpeg,mpegversion=4,stream-format=adts" ! aacparse ! m.` +
    `  mpegtsmux name=m ! filesink location=${quote(ts)}`;
  const remux =
    `filesrc location=${quote(ts)} ! tsdemux name=d  d. ! queue ! h264parse ! m.  d. ! queue ! aacparse ! m.` +
    `  mp4mux name=m ! filesink location=${quote(mp4)}`;
  try {
    say(`Making ${PICTURES / RATE} seconds of pictures and silence:\n  ${make}`);
    await run(make, (p) => Promise.all([pushPictures(p), pushSounds(p)]));
    say(`Remuxing them:\n  ${remux}`);
    await run(remux);
    say(`The result: ${mp4} (${statSync(mp4).size} bytes), from ${ts} (${statSync(ts).size} bytes).`);
    return ExitCode.Ok;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    return ExitCode.Failed;
  }
}

/** Runs a line to its end, with something that feeds it. */
async function run(line: string, feed?: (p: Pipeline) => Promise<unknown>): Promise<void> {
  await using pipeline = await launch(line);
  // A push fails when the pipeline does, which tells why.
  const feeding = feed?.(pipeline).catch(() => {});
  await pipeline.play();
  await pipeline.done;
  await feeding;
}

async function pushPictures(p: Pipeline): Promise<void> {
  const source = p.appsrc("video");
  const duration = SECOND / BigInt(RATE);
  for (let n = 0; n < PICTURES; n++) {
    const { data, key } = picture(n);
    const pts = SECOND + BigInt(n) * duration;
    await source.push(data, { pts, dts: pts, duration, flags: key ? FrameFlag.Key : FrameFlag.Delta });
  }
  source.end();
}

async function pushSounds(p: Pipeline): Promise<void> {
  const source = p.appsrc("audio");
  const data = sound();
  const time = (n: number): bigint => (BigInt(n * FRAME_SAMPLES) * SECOND) / BigInt(SAMPLE_RATE);
  for (let n = 0; n < SOUNDS; n++) {
    await source.push(data, { pts: SECOND + time(n), duration: time(n + 1) - time(n) });
  }
  source.end();
}
