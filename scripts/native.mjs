// Brings a checkout to the point where the command line of the native host runs: what bootstrap.mjs does, then cargo's build.
// Says on stderr what takes time.
import fs from "node:fs";
import { bootstrap } from "./bootstrap.mjs";

await bootstrap();
const { buildDecoder, buildHost } = await import("./lib/native.mjs");

/** Ends the process with what is wrong. */
function fail(text) {
  process.stderr.write(`glass2glass: ${text}\n`);
  process.exit(1);
}

const start = new Date();
process.stderr.write("glass2glass: building the native host; the first time takes minutes\n");
try {
  const { program, missing } = buildHost();
  if (missing) fail(`the native host cannot be built: ${missing}`);
  const decoder = buildDecoder();
  if (decoder.missing) process.stderr.write(`glass2glass: without avdec_*: ${decoder.missing}\n`);
  // The stamp has the time at which the build began, so that `find -newer` sees what changed meanwhile.
  fs.writeFileSync(`${program}.stamp`, "");
  fs.utimesSync(`${program}.stamp`, start, start);
  process.stderr.write(`glass2glass: built in ${((Date.now() - start) / 1000).toFixed(1)} s\n`);
} catch (error) {
  fail(`the build of the native host failed: ${error.message}`);
}
