// Vectors in the native host.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { within } from "./g2g.mjs";
import { lineOf } from "./vector-files.mjs";
import { expectedOf, isSpecial } from "./vector-node.mjs";

/** The program that runs lines in the native host, one after the other. */
export class NativeDriver {
  /** @param program its path */
  constructor(program) {
    this.child = spawn(program, [], { stdio: ["pipe", "pipe", "inherit"] });
    this.answers = readline.createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async run(job) {
    this.child.stdin.write(`${JSON.stringify(job)}\n`);
    const { value, done } = await this.answers.next();
    if (done) throw new Error(`the native host ended at: ${job.line}`);
    return JSON.parse(value);
  }

  end() {
    this.child.stdin.end();
  }
}

const reportOf = (type, { name, offset, time, args }) => [type, name, offset, time, ...args];

/** Makes what the driver answers into what vectors expect. */
function resultOf(answer, vector, folder) {
  const reports = {};
  const add = (element, report) => (reports[element] ??= []).push(report);
  if (answer.refused) {
    add(answer.refused.element, reportOf("error", answer.refused));
    return { end: "refused", reports };
  }
  const result = { end: answer.fault ?? "none", outputs: {}, reports, caps: {}, links: {} };
  for (const m of answer.messages) {
    if (["error", "warning", "info"].includes(m.type)) add(m.element, reportOf(m.type, m));
    if (!answer.fault && (m.type === "eos" || m.type === "error")) result.end = m.type;
  }
  for (const { from, to, frames, bytes } of answer.links) {
    result.links[`${from.element}.${from.pad} ! ${to.element}.${to.pad}`] = [frames, bytes];
  }
  for (const { name, pads } of answer.graph) {
    for (const pad of pads) if (pad.caps && pad.direction === "src") result.caps[`${name}.${pad.name}`] = pad.caps;
  }
  for (const name of vector.outputs ?? []) {
    const file = path.join(folder, name);
    if (!fs.existsSync(file)) continue;
    const data = fs.readFileSync(file);
    result.outputs[name] = [data.length, createHash("sha256").update(data).digest("hex")];
  }
  return result;
}

/**
 * Runs a vector in the native host.
 * @returns expected and found, with what both can tell; null for a vector that needs the vectors' own host
 */
export async function playNatively(driver, inputs, vector, simd) {
  if (isSpecial(vector)) return null;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "g2g-vector-"));
  try {
    for (const [name, description] of Object.entries(vector.inputs ?? {})) {
      fs.writeFileSync(path.join(folder, name), inputs.of(description));
    }
    const job = { line: lineOf(vector), folder, memory: vector.ceiling ?? 16 * 2 ** 20, simd };
    const answer = await within(driver.run(job), `the end of ${vector.name}`);
    return expectedOf(vector, resultOf(answer, vector, folder));
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}
