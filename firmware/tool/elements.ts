import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { describeTable } from "../../node-host/src/descriptor.js";
import { BoardElement } from "./modelhost.js";
import { root } from "./paths.js";

/** The folder of the host elements of boards, with a table beside each. */
const FOLDER = path.join(root, "firmware/elements/src");

/** The tables of the host elements that firmware has, by name; with `names` only those. */
export function boardElements(names?: readonly string[]): BoardElement[] {
  const files = readdirSync(FOLDER, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".json"));
  return files
    .map((f) => JSON.parse(readFileSync(path.join(FOLDER, f), "utf8")) as BoardElement)
    .filter((t) => t.name && (!names || names.includes(t.name)))
    .sort((x, y) => (x.name < y.name ? -1 : 1));
}

/** What a core is told of an element that a board serves: it knows by itself that the host does. */
export function descriptorOf(table: BoardElement): Uint8Array {
  return describeTable({ ...table, flags: (table.flags ?? []).filter((f) => f !== "host") });
}
