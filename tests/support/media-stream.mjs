// Elementary streams through a parser, packet by packet.
import { createHash } from "node:crypto";
import { FrameFlag, launch } from "../../build/node/index.mjs";
import { within } from "./g2g.mjs";

/** A sink that hands each frame to `take` in the form of g2g probe, times in ns as numbers. */
export function packetSink(take) {
  const time = (t) => (t === null ? null : Number(t));
  const frame = (f) => {
    const hash = createHash("md5");
    for (const part of f.parts) hash.update(part);
    take({
      ...{ pts: time(f.pts), dts: time(f.dts), duration: time(f.duration), size: f.size },
      ...{ key: (f.flags & FrameFlag.Delta) === 0, flags: f.flags, md5: hash.digest("hex") },
    });
    f.release();
  };
  return {
    table: { name: "packetsink", pads: [{ name: "sink", direction: "sink", caps: "ANY" }] },
    create: () => ({ configure() {}, frame }),
  };
}

/**
 * Plays a line that ends in a packetsink, and closes it with the check for leaks.
 * @returns packets; error: the text of the error that ended it, or null; warnings: their texts
 */
export async function playPackets(line, options = {}) {
  const packets = [];
  const warnings = [];
  const elements = [packetSink((p) => packets.push(p))];
  const pipeline = await launch(line, { ...options, elements, checkLeaks: true });
  const told = (async () => {
    for await (const m of pipeline.bus) if (m.type === "warning") warnings.push(m.text);
  })();
  try {
    await pipeline.play();
    await within(pipeline.done, `the end of ${line}`);
    await told;
    return { packets, warnings, error: null };
  } catch (error) {
    return { packets, warnings, error };
  } finally {
    await pipeline.close();
  }
}
