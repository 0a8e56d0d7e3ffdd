// The one thing that WebAssembly leaves to engines is which bits a NaN has that arithmetic makes. So every file of the
// core that uses floats is listed here with the reason why no such NaN is stored, posted or written; and the clock for
// statistics, which no two runs share, is read in one place.
import fs from "node:fs";
import path from "node:path";
import { filesUnder, root } from "../../scripts/lib/inputs.mjs";

/** Files that use floats, and why none of their NaN can be seen. */
const REASONS = {
  "audio/sample.ts": "converts and moves what audio/wave.ts makes",
  "audio/wave.ts": "sums, products and quotients of finite numbers, far from where they would be infinite",
  "base/records.ts": "moves the bits of a float, makes none",
  "base/text.ts": "multiplies digits by powers of ten: finite or infinite, never infinity by zero or by infinity",
  "base/trig.ts": "polynomials of finite numbers, far from where they would be infinite",
  "caps/fixate.ts": "distances are only compared",
  "containers/isobmff/entries.ts": "a sample rate of the file, whose NaN becomes the integer 0",
  "containers/isobmff/filetags.ts": "whole numbers and what base/text.ts reads",
  "core/event.ts": "holds the rate of a seek or segment, makes none",
  "core/segment.ts": "a division whose NaN becomes the integer 0",
  "core/tags.ts": "moves the bits of a float, makes none",
  "elements/audiotestsrc.ts": "hands on what audio/wave.ts makes",
  "elements/fakesink.ts": "sends one of two rates",
  "elements/identity.ts": "a product that is only compared",
  "elements/timedsource.ts": "holds the rate of a segment, makes none",
  "elements/videotestsrc.ts": "quotients of finite numbers; the divisor is not 0",
  "graph/element.ts": "reads the bits of a property",
  "registry/property.ts": "what base/text.ts reads, compared",
  "video/mixer.ts": "sums, products and quotients of finite constants, none of which divides by 0",
  "video/testpattern.ts": "becomes the integers that are drawn",
  "video/yuvtorgb.ts": "products of what video/mixer.ts makes, which become integers",
};

const FLOATS = /\b[fv]?(?:f32|f64)(?:x\d)?\b|\breinterpret\b|\b(?:NaN|Infinity|Math|Mathf)\b|\b\d+\.\d+\b/;
const TICK = /\bimport\s*\{[^}]*\btick\b[^}]*\}\s*from\s*"[./]*abi\/imports"/;
const TICK_FILE = "graph/runner.ts";

/** The code of a source without comments. */
const code = (text) => text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");

/** Checks the sources of the core. */
export function checkFloats(count) {
  const isCode = (file) => file.endsWith(".ts") && !file.includes("/__tests__/") && !file.includes("/testkit/");
  const listed = new Set(Object.keys(REASONS));
  for (const file of filesUnder("assembly", isCode)) {
    const name = file.slice("assembly/".length);
    const text = code(fs.readFileSync(path.join(root, file), "utf8"));
    if (FLOATS.test(text) && !listed.delete(name)) {
      count.test(`floats in ${file}`, "it is not known why no NaN leaves it: see tests/engines/floats.mjs");
    }
    if (TICK.test(text) !== (name === TICK_FILE)) {
      count.test(`the clock in ${file}`, `${TICK_FILE} reads it, for statistics, and nobody else`);
    }
  }
  count.test("floats that are listed", listed.size ? `${[...listed].join(", ")} use none` : null);
}
