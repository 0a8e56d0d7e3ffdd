// Plays data that may be damaged in any way, and checks what every end has to keep to.
import assert from "node:assert/strict";
import { CoreTrap, PipelineError, launch } from "../../build/node/index.mjs";
import { within } from "./g2g.mjs";

/** Bytes of a pipeline's memory. */
const CEILING = 48 << 20;

/** Errors that are about no place in the data; a muxer's, named "m", never are. */
const PLACELESS = ["NoPads", "NoMemory", "CannotLink", "BadCodecData", "NoTimestamp"];

/** Rounds of random changes; more with the environment variable G2G_ROUNDS. */
export const ROUNDS = Number(process.env.G2G_ROUNDS ?? 150);

/** Pushes data in pieces of random sizes. */
async function feed(source, data, random) {
  try {
    for (let at = 0; at < data.length;) {
      const n = 1 + random.below(random.below(2) ? 200_000 : 700);
      await source.push(data.subarray(at, at + n));
      at += n;
    }
    source.end();
  } catch {
    // The pipeline has ended before.
  }
}

function checkReport({ element, offset, reason, name, text }, line) {
  assert.ok(element && reason, `${line}: ${text}`);
  if (element !== "m" && !PLACELESS.includes(name)) assert.notEqual(offset, null, `${line}: ${text}`);
}

/**
 * Plays a line, over data if it has an appsrc named "in". It has to end, without a trap and without a leak, and an error names
 * its element, its reason and its place.
 * @param check holds the report of an error against what it must say
 * @returns error: what it ended with, or null; peak: bytes of memory
 */
export async function survive(line, data, random, check = checkReport) {
  const pipeline = await launch(line, { memory: CEILING, checkLeaks: true });
  let error = null;
  try {
    await within(pipeline.play(), line);
    const pushed = data && feed(pipeline.appsrc("in"), data, random);
    await within(pipeline.done, line);
    await pushed;
  } catch (e) {
    error = e;
  }
  const { peak } = pipeline.stats().memory;
  await within(pipeline.close(), `closing ${line}`);
  if (error) {
    assert.ok(error instanceof PipelineError && !(error instanceof CoreTrap), `${line}: ${error.stack}`);
    check(error.report, line);
  }
  return { error, peak };
}

/** A copy of data with a few changes at places that `place` chooses. */
export function damaged(data, random, place = (n) => random.below(n)) {
  let out = Buffer.from(data);
  for (let n = 1 + random.below(8); n && out.length > 8; n--) {
    const at = Math.min(place(out.length), out.length - 5);
    const length = 1 + random.below(400);
    switch (random.below(9)) {
      case 0:
      case 1:
      case 2:
        out[at] = random.below(256);
        break;
      case 3:
        out[at] ^= 1 << random.below(8);
        break;
      case 4:
        out.writeUInt32BE(random.next(), at);
        break;
      case 5:
        out.fill(random.below(2) ? 0 : 255, at, Math.min(at + length, out.length));
        break;
      case 6:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at + length)]);
        break;
      case 7:
        out = Buffer.concat([out.subarray(0, at), random.bytes(length), out.subarray(at)]);
        break;
      default:
        if (!random.below(4)) out = out.subarray(0, at);
    }
  }
  return out;
}
