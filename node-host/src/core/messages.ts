import { Post, State } from "../generated/abi.js";
import { Report, readReport } from "./errors.js";
import { RecordReader, RecordValue } from "./records.js";
import { timeOf } from "./time.js";

/** A state of a pipeline. */
export type StateName = "null" | "ready" | "paused" | "playing";

const STATES: StateName[] = ["null", "ready", "paused", "playing"];

/** The name of a state. */
export function stateName(state: State): StateName {
  return STATES[state];
}

/** A message of the bus. `element` is empty for those of the pipeline itself; times are ns. */
export type Message =
  | ({ type: "error" | "warning" | "info" } & Report)
  | { type: "eos"; element: string }
  | { type: "state-changed"; element: string; old: StateName; state: StateName; target: StateName }
  | { type: "async-done"; element: string }
  | { type: "stream-start"; element: string }
  | { type: "caps"; element: string; pad: string; caps: string }
  | { type: "tags"; element: string; pad: string; tags: Record<string, RecordValue | RecordValue[]> }
  | { type: "latency"; element: string; min: bigint; max: bigint | null }
  | { type: "pad-added"; element: string; pad: string; caps: string; linked: boolean }
  | { type: "pad-removed"; element: string; pad: string }
  | { type: "no-more-pads"; element: string }
  | { type: "linked"; element: string; values: RecordValue[] }
  | { type: "qos"; element: string; values: RecordValue[] }
  | { type: "element"; element: string; values: RecordValue[] };

/** Makes a message out of what `post` was given. */
export function readMessage(kind: Post, records: Uint8Array): Message {
  if (kind === Post.Error) return { type: "error", ...readReport(records) };
  if (kind === Post.Warning) return { type: "warning", ...readReport(records) };
  if (kind === Post.Info) return { type: "info", ...readReport(records) };
  const r = new RecordReader(records);
  const element = r.text();
  switch (kind) {
    case Post.Eos:
      return { type: "eos", element };
    case Post.StateChanged:
      return { type: "state-changed", element, old: STATES[r.int()], state: STATES[r.int()], target: STATES[r.int()] };
    case Post.AsyncDone:
      return { type: "async-done", element };
    case Post.StreamStart:
      return { type: "stream-start", element };
    case Post.Caps:
      return { type: "caps", element, pad: r.text(), caps: r.text() };
    case Post.Tags: {
      const pad = r.text();
      const tags: Record<string, RecordValue | RecordValue[]> = {};
      while (r.more) {
        const name = r.text();
        const value = r.next();
        const have = tags[name];
        tags[name] = have === undefined ? value : Array.isArray(have) ? [...have, value] : [have, value];
      }
      return { type: "tags", element, pad, tags };
    }
    case Post.Latency:
      return { type: "latency", element, min: r.big(), max: timeOf(r.big()) };
    case Post.PadAdded:
      return { type: "pad-added", element, pad: r.text(), caps: r.text(), linked: r.int() !== 0 };
    case Post.PadRemoved:
      return { type: "pad-removed", element, pad: r.text() };
    case Post.NoMorePads:
      return { type: "no-more-pads", element };
    case Post.Linked:
      return { type: "linked", element, values: r.rest() };
    case Post.Qos:
      return { type: "qos", element, values: r.rest() };
    default:
      return { type: "element", element, values: r.rest() };
  }
}
