// Tests both engines: makes the images and runs cargo on each. What is made lies under build/firmware-engine.
// node firmware/engine/test.mjs [aot|wasm3]
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { images } from "./tests/images.mjs";
import { wasm3Sources } from "./wasm3.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const folder = path.join(here, "../../build/firmware-engine");
const IMAGES = { traps: "cases", small: "cases", slack: "cases", numbers: "cases", whole: "whole", frozen: "frozen" };

const wanted = process.argv[2] ? [process.argv[2]] : ["aot", "wasm3"];
await images(folder);
wasm3Sources();
for (const engine of wanted) {
  for (const [image, test] of Object.entries(IMAGES)) {
    // The interpreter has no slack.
    if (engine === "wasm3" && image === "slack") continue;
    const crate = ["--manifest-path", path.join(here, "Cargo.toml"), "--features", engine];
    const hostile = engine === "wasm3" ? ["--test", "hostile"] : [];
    const args = ["test", "--quiet", ...crate, "--test", test, ...hostile];
    const env = { ...process.env, G2G_IMAGE: path.join(folder, image) };
    console.log(`${engine} ${image}`);
    const { status } = spawnSync("cargo", args, { env, stdio: "inherit" });
    if (status) process.exit(1);
  }
}
