// Vectors in the Node library: a host with real files, threads and time.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createHash } from "node:crypto";
import * as library from "../../build/node/index.mjs";
import { within } from "./g2g.mjs";
import { lineOf } from "./vector-files.mjs";

/** Whether a vector asks for something that only the vectors' own host can do. */
export const isSpecial = (v) => v.actions || v.faults || v.streams || v.slow || v.random;

const plain = (v) => {
  if (typeof v !== "bigint") return v instanceof Uint8Array ? { hex: Buffer.from(v).toString("hex") } : v;
  return Number.isSafeInteger(Number(v)) ? Number(v) : v === -(2n ** 63n) ? null : String(v);
};

const reportOf = (type, { name, offset, time, args }) => [type, name, offset, plain(time), ...args.map(plain)];

/** Runs a line in a folder. @returns what vectors expect, as far as the library tells it */
async function play(line, vector) {
  const result = { end: "none", outputs: {}, reports: {}, caps: {}, links: {} };
  const add = (element, report) => (result.reports[element] ??= []).push(report);
  let pipeline;
  try {
    pipeline = await library.launch(line, { memory: vector.ceiling ?? 16 * 2 ** 20, checkLeaks: true });
  } catch (error) {
    if (!(error instanceof library.PipelineError)) throw error;
    add(error.report.element, reportOf("error", error.report));
    return { end: "refused", reports: result.reports };
  }
  const bus = (async () => {
    for await (const m of pipeline.bus) {
      if (["error", "warning", "info"].includes(m.type)) add(m.element, reportOf(m.type, m));
      if (m.type === "eos") result.end = "eos";
      if (m.type === "error") result.end = "error";
    }
  })();
  try {
    // What fails is told by the bus.
    await within(pipeline.play(), `playing ${vector.name}`).catch(() => {});
    await within(pipeline.done, `the end of ${vector.name}`).catch(() => {});
    for (const { from, to, frames, bytes } of pipeline.stats().links) {
      result.links[`${from.element}.${from.pad} ! ${to.element}.${to.pad}`] = [frames, bytes];
    }
    for (const { name, pads } of pipeline.graph()) {
      for (const pad of pads) if (pad.caps && pad.direction === "src") result.caps[`${name}.${pad.name}`] = pad.caps;
    }
  } finally {
    await pipeline.close();
  }
  await bus;
  for (const name of vector.outputs ?? []) {
    if (!fs.existsSync(name)) continue;
    const data = fs.readFileSync(name);
    result.outputs[name] = [data.length, createHash("sha256").update(data).digest("hex")];
  }
  return result;
}

/** What is expected of a vector and what was found, with what libraries tell. */
export function expectedOf(vector, found) {
  const { end, outputs = {}, caps = {}, links = {}, messages = {} } = vector.expected;
  const expected = { end, outputs, reports: {}, caps, links };
  for (const [element, list] of Object.entries(messages)) {
    const reports = list.filter(([kind]) => ["error", "warning", "info"].includes(kind));
    if (reports.length) expected.reports[element] = reports;
  }
  for (const key of vector.loose ?? []) for (const result of [expected, found]) delete result[key];
  return { expected: end === "refused" ? { end, reports: expected.reports } : expected, found };
}

/**
 * Runs a vector in the library.
 * @returns expected and found, with what both can tell; null for a vector that needs the vectors' own host
 */
export async function playInNode(run, vector) {
  if (isSpecial(vector)) return null;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "g2g-vector-"));
  const before = process.cwd();
  try {
    process.chdir(folder);
    for (const [name, description] of Object.entries(vector.inputs ?? {})) {
      fs.writeFileSync(name, run.inputs.of(description));
    }
    const found = await play(lineOf(vector), vector);
    return expectedOf(vector, found);
  } finally {
    process.chdir(before);
    fs.rmSync(folder, { recursive: true });
  }
}
