import * as modules from "node:module";

/** Modules of Node that take milliseconds to load, for those who need them. */
const load = modules.createRequire(import.meta.url);

/** node:crypto, loaded at the first call. */
export function crypto(): typeof import("node:crypto") {
  return load("node:crypto") as typeof import("node:crypto");
}

/** node:net, loaded at the first call. */
export function net(): typeof import("node:net") {
  return load("node:net") as typeof import("node:net");
}
