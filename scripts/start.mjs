// `npm start -- "<line>"` runs a launch line; `npm start` alone runs the demo.
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bootstrap } from "./bootstrap.mjs";

await bootstrap();
const cli = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../build/node/cli.mjs");
const line = process.argv.slice(2);
process.argv.splice(1, process.argv.length, cli, ...(line.length ? ["launch", ...line] : ["demo"]));
await import(pathToFileURL(cli).href);
