// What the streams of a file hold, frame by frame, as a program sees it that uses the library.
import { FrameFlag } from "../../build/node/index.mjs";
import { launch, within } from "./g2g.mjs";

/** Copies of all frames of an appsink. */
async function take(sink) {
  const out = [];
  for await (const f of sink) {
    const { pts, dts, duration, caps, flags } = f;
    out.push({ pts, dts, duration, caps, flags, key: !(flags & FrameFlag.Delta), data: Buffer.from(f.copy()) });
    f.release();
  }
  return out;
}

/**
 * Plays a line to its end.
 * @param names of its appsinks
 * @returns the frames of each, the error it ended with or null, and the pipeline
 */
export async function frames(t, line, names, options) {
  const pipeline = await launch(t, line, options);
  const taken = names.map((name) => take(pipeline.appsink(name)));
  const error = await within(
    pipeline.play().then(() => pipeline.done),
    line,
  ).then(
    () => null,
    (e) => e,
  );
  const streams = await within(Promise.all(taken), "the frames");
  return { streams, error, pipeline };
}

/** All streams of a file behind a demuxer, whose pads have these names. */
export function demuxed(t, file, demuxer, pads, options) {
  const branches = pads.map((pad, i) => `d.${pad} ! appsink name=s${i} sync=false`);
  const line = `filesrc location="${file}" ! ${demuxer} name=d  ${branches.join("  ")}`;
  return frames(
    t,
    line,
    pads.map((_, i) => `s${i}`),
    options,
  );
}
