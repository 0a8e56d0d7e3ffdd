// What a run gave, in words: made from the trace that every host of the vectors writes, and from its output files.
import { createHash } from "node:crypto";
import { ABI, NONE, codeName, nameOf, readRecords } from "./vector-records.mjs";

const { Post, Query } = ABI;

/** Messages that a vector holds still. States, first frames and stream starts depend on when the host calls. */
const KINDS = new Map([
  [Post.Error, "error"],
  [Post.Warning, "warning"],
  [Post.Info, "info"],
  [Post.Caps, "caps"],
  [Post.Tags, "tags"],
  [Post.Latency, "latency"],
  [Post.PadAdded, "pad-added"],
  [Post.PadRemoved, "pad-removed"],
  [Post.NoMorePads, "no-more-pads"],
  [Post.Element, "element"],
]);

/** Element messages of queues: how full they get depends on when the host calls. */
const LEVELS = ["overrun", "underrun", "running"];

const REPORTS = [Post.Error, Post.Warning, Post.Info];

/** Whole numbers as numbers, or as text where they do not fit one; no time as null. */
function plain(v) {
  if (typeof v !== "bigint") return v;
  if (v === NONE) return null;
  return Number.isSafeInteger(Number(v)) ? Number(v) : String(v);
}

/** [element, [kind, ...]] of a message, or null for one that does not matter. */
function message(kind, records) {
  if (!KINDS.has(kind)) return null;
  const values = readRecords(records).map(plain);
  if (kind === Post.Element && LEVELS.includes(values[1])) return null;
  if (!REPORTS.includes(kind)) return [values[0], [KINDS.get(kind), ...values.slice(1)]];
  const [code, element, offset, time, ...args] = values;
  return [element, [KINDS.get(kind), codeName(code), offset === -1 ? null : offset, time, ...args]];
}

/** Frames and bytes of the links, by their names. */
function links(records) {
  const values = readRecords(records);
  const take = () => values.shift();
  for (let n = take(); n > 0n; n--) values.splice(0, 6 + 2 * Object.keys(ABI.CopyReason).length);
  const out = {};
  for (let n = take(); n > 0n; n--) {
    const name = `${take()}.${take()} ! ${take()}.${take()}`;
    out[name] = [Number(take()), Number(take())];
    values.splice(0, 2);
  }
  return out;
}

/** Caps of the pads at the end, those that have some. */
function caps(records) {
  const values = readRecords(records);
  const take = () => values.shift();
  const out = {};
  for (let n = take(); n > 0n; n--) {
    const element = take();
    take();
    take();
    for (let pads = take(); pads > 0n; pads--) {
      const [pad, isSink, , , text] = values.splice(0, 5);
      if (text && !isSink) out[`${element}.${pad}`] = text;
    }
  }
  return out;
}

/**
 * @param trace lines
 * @param outputs Map from names to bytes
 * @returns end: eos, error, refused (the line was not built) or none; outputs: by name [bytes, SHA-256]; messages: by
 * element, in the order it sent them; caps: of src pads; links: by name [frames, bytes]; answers to the job's queries
 */
export function resultOf(trace, outputs) {
  const result = { end: "none", outputs: {}, messages: {}, caps: {}, links: {}, answers: [] };
  let failed = false;
  const asked = { [Query.Stats]: null, [Query.Graph]: null };
  const queries = [];
  for (const line of trace) {
    const words = line.split(" ");
    const data = () => Buffer.from(words.at(-1), "hex");
    switch (words[0]) {
      case "post": {
        const kind = Number(words[1]);
        if (kind === Post.Error) failed = true;
        if (kind === Post.Eos && result.end === "none") result.end = "eos";
        const m = message(kind, data());
        if (m) (result.messages[m[0]] ??= []).push(m[1]);
        break;
      }
      case "launch":
        if (words[2] !== "0") result.end = "refused";
        break;
      case "query":
        queries.push([Number(words[1]), Number(words[3]), data()]);
        break;
      default:
    }
  }
  // The last three are asked for by every run.
  for (const [kind, , records] of queries.splice(-3)) asked[kind] = records;
  for (const [kind, code, records] of queries) {
    const values = code ? [nameOf("HostError", code)] : readRecords(records).map(plain);
    result.answers.push([nameOf("Query", kind), ...values]);
  }
  if (failed && result.end !== "refused") result.end = "error";
  result.links = links(asked[Query.Stats]);
  result.caps = caps(asked[Query.Graph]);
  for (const name of [...outputs.keys()].sort()) {
    const data = outputs.get(name);
    result.outputs[name] = [data.length, createHash("sha256").update(data).digest("hex")];
  }
  const sorted = Object.keys(result.messages).sort();
  result.messages = Object.fromEntries(sorted.map((element) => [element, result.messages[element]]));
  for (const [key, value] of Object.entries(result)) {
    if (key !== "end" && !Object.keys(value).length) delete result[key];
  }
  return result;
}

/** What leaks or was left open by a run: a text, or null when nothing was. */
export function leaksOf(trace) {
  const leaked = trace.find((line) => line.startsWith("dispose"));
  if (leaked !== "dispose -> 0") return leaked ?? "it was not disposed of";
  const open = new Set();
  for (const line of trace) {
    const words = line.split(" ");
    if (words[0] === "open" && Number(words.at(-1)) > 0) open.add(words.at(-1));
    if (words[0] === "close" && !open.delete(words[1])) return `handle ${words[1]} was closed twice`;
  }
  return open.size ? `handles were not closed: ${[...open].join(", ")}` : null;
}
