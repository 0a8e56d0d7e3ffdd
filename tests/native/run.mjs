// Runs every vector in the native host, with SIMD and without, and compares what it gives with what is expected.
// node tests/native/run.mjs [VECTOR ...]
import { finish, tally } from "../../scripts/lib/tally.mjs";
import { buildHost } from "../../scripts/lib/native.mjs";
import { readVectors } from "../support/vector-files.mjs";
import { NativeDriver, playNatively } from "../support/vector-native.mjs";
import { firstDifference, loadCores } from "../support/vector-variants.mjs";

const count = tally();
const built = buildHost({ example: "driver" });
if (built.missing) count.skip("the native host", built.missing);
else {
  const vectors = readVectors(process.argv.slice(2)).filter((v) => v.expected);
  const { inputs } = loadCores(vectors);
  const driver = new NativeDriver(built.program);
  for (const vector of vectors) {
    for (const simd of [false, true]) {
      const played = await playNatively(driver, inputs, vector, simd);
      const name = `${vector.name}: the native host${simd ? " with SIMD" : ""}`;
      if (played) count.test(name, firstDifference(played.expected, played.found));
    }
  }
  driver.end();
}
finish(count);
