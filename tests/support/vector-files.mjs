// The vectors under tests/vectors: reading them, and what a host needs to run one.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { root } from "../../scripts/lib/inputs.mjs";
import { makeInput } from "./vector-inputs.mjs";
import { ABI, writeRecords } from "./vector-records.mjs";

const FOLDER = path.join(root, "tests/vectors");

/** Bytes of memory of a vector that asks for nothing else. */
const CEILING = 16 * 2 ** 20;

/** What an action may do besides waiting, with the number of what it names. */
const NUMBERS = {
  state: { null: 0, ready: 1, paused: 2, playing: 3 },
  send: ABI.Send,
  query: ABI.Query,
};

/** The vector files: [path, vectors]. Every vector's name is its own. */
export function readVectorFiles() {
  const names = new Set();
  return fs
    .readdirSync(FOLDER)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => {
      const vectors = JSON.parse(fs.readFileSync(path.join(FOLDER, name), "utf8"));
      for (const v of vectors) {
        if (names.has(v.name)) throw new Error(`${name}: there are two vectors ${v.name}`);
        names.add(v.name);
      }
      return [path.join(FOLDER, name), vectors];
    });
}

/** All vectors, or those with the names that are given. */
export function readVectors(names = []) {
  const all = readVectorFiles().flatMap(([, vectors]) => vectors);
  for (const name of names) if (!all.some((v) => v.name === name)) throw new Error(`there is no vector ${name}`);
  return names.length ? all.filter((v) => names.includes(v.name)) : all;
}

/** The line with the names of files in the place of ${…}. */
export function lineOf(vector, place = (name) => name) {
  const files = new Set([...Object.keys(vector.inputs ?? {}), ...(vector.outputs ?? [])]);
  return vector.line.replace(/\$\{(\w+)\}/g, (_, name) => {
    if (!files.has(name)) throw new Error(`${vector.name}: \${${name}} is neither an input nor an output`);
    return place(name);
  });
}

/** Actions with everything in numbers and bytes. */
function actionsOf({ name, actions = [{ state: "playing" }] }) {
  return actions.map((action) => {
    const kind = Object.keys(NUMBERS).find((key) => key in action) ?? "wait";
    const number = kind === "wait" ? 0 : NUMBERS[kind][action[kind]];
    if (number === undefined || (kind === "wait" && !("until" in action))) {
      throw new Error(`${name}: nothing is known about the action ${JSON.stringify(action)}`);
    }
    return { kind, number, until: action.until ?? null, data: writeRecords(action.args ?? []) };
  });
}

/** Makes inputs; what two vectors share is made once. */
export class Inputs {
  /** @param run gives the outputs (Map) of a job, for inputs that are the output of another vector */
  constructor(vectors, run) {
    this.vectors = new Map(vectors.map((v) => [v.name, v]));
    this.run = run;
    this.made = new Map();
    this.outputs = new Map();
  }

  /** The bytes of an input. */
  of(description) {
    const key = JSON.stringify(description);
    if (!this.made.has(key))
      this.made.set(
        key,
        makeInput(description, (name, output) => this.output(name, output)),
      );
    return this.made.get(key);
  }

  output(name, output) {
    if (!this.outputs.has(name)) {
      const vector = this.vectors.get(name);
      if (!vector) throw new Error(`there is no vector ${name}`);
      this.outputs.set(name, this.run(this.job(vector)));
    }
    const data = this.outputs.get(name).get(output);
    if (!data) throw new Error(`the vector ${name} writes no ${output}`);
    return data;
  }

  /** What a host needs to run a vector. */
  job(vector) {
    const files = {};
    const faults = vector.faults ?? {};
    const streams = vector.streams ?? {};
    const names = new Set([...Object.keys(vector.inputs ?? {}), ...Object.keys(faults), ...Object.keys(streams)]);
    for (const name of names) {
      const fault = { ...faults[name] };
      if (fault.open) fault.open = ABI.HostError[fault.open];
      const description = vector.inputs?.[name];
      files[name] = {
        data: description ? this.of(description) : undefined,
        stream: streams[name] ?? null,
        faults: fault,
      };
      // What is not there cannot be read, whatever else is said about it.
      if (!description && !vector.outputs?.includes(name)) files[name].faults.open ??= ABI.HostError.NotFound;
    }
    return {
      name: vector.name,
      line: lineOf(vector),
      ceiling: vector.ceiling ?? CEILING,
      files,
      actions: actionsOf(vector),
    };
  }

  /** Sizes and SHA-256 of a vector's inputs, by name. */
  hashes(vector) {
    const entries = Object.entries(vector.inputs ?? {}).map(([name, description]) => {
      const data = this.of(description);
      return [name, [data.length, createHash("sha256").update(data).digest("hex")]];
    });
    return Object.fromEntries(entries);
  }
}
