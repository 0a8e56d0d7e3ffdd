// Everything that is checked without running the core: format, eslint, types, generated files, the strict subset.
// node scripts/lint.mjs
import { spawnSync } from "node:child_process";
import path from "node:path";
import { root } from "./lib/inputs.mjs";
import { finish, tally } from "./lib/tally.mjs";

const CHECKS = {
  format: ["node_modules/prettier/bin/prettier.cjs", "--check", "--log-level", "warn", "."],
  eslint: ["node_modules/eslint/bin/eslint.js", "."],
  types: ["node_modules/typescript/bin/tsc", "-p", "node-host/tsconfig.json", "--noEmit"],
  tool: ["node_modules/typescript/bin/tsc", "-p", "firmware/tool/tsconfig.json"],
  generated: ["scripts/generate.mjs", "--check"],
  strict: ["scripts/strict-check.mjs"],
};

const count = tally();
for (const [name, [program, ...args]] of Object.entries(CHECKS)) {
  const env = { ...process.env, G2G_TALLY: "" };
  const { status } = spawnSync(process.execPath, [path.join(root, program), ...args], {
    cwd: root,
    env,
    stdio: "inherit",
  });
  count.test(name, status === 0 ? null : `${program} ended with ${status}`);
}
finish(count);
