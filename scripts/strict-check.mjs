// Holds all core code against the strict subset and the compiler, also what no profile reaches and so no build compiles.
// node scripts/strict-check.mjs
import asc from "assemblyscript/asc";
import { filesUnder, root } from "./lib/inputs.mjs";
import { finish, tally } from "./lib/tally.mjs";
import Strict from "./strict/transform.mjs";

const files = filesUnder("assembly", (file) => file.endsWith(".ts") && !file.includes("/__tests__/"));
const count = tally();
for (const target of ["baseline", "simd"]) {
  const args = ["--baseDir", root, "--config", "asconfig.json", "--target", target, "--noEmit"];
  // Every exported function is compiled when its file is an entry; that classes do not become exports is no news.
  const { error, stderr } = await asc.main([...files, ...args, "--optimizeLevel", "0", "--disableWarning", "235"], {
    stderr: asc.createMemoryStream(),
    transforms: [Strict],
  });
  count.test(`${target}: ${files.length} files`, error ? `\n${stderr.toString()}` : null);
}
finish(count);
