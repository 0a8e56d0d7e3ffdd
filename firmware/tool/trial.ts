import { COMPLETION_SIZE, CompletionRecord, emptyCompletion, writeCompletion } from "../../node-host/src/core/ring.js";
import { Completed, HostError, Op, Wait } from "../../node-host/src/generated/abi.js";
import { ModelHost, PendingOperation } from "./modelhost.js";

/** How the elements of a board behave in a trial. */
export interface Manner {
  readonly name: string;
  /** Sinks keep what they get until the pipeline can do no more. */
  readonly slowSinks: boolean;
  /** Sources fill all credits at once, and do not wait for the clock. */
  readonly bursts: boolean;
  /** Devices go on while the pipeline has work: its steps are as short as a board's, and something happens between them. */
  readonly busy?: boolean;
  /** After some frames: sources end, or an operation of sources or sinks fails. */
  readonly then?: "end" | "source-fails" | "sink-fails";
}

/** The manners that an image is tried with: what a board may do to it lies between them. */
export const MANNERS: readonly Manner[] = [
  { name: "prompt", slowSinks: false, bursts: false },
  { name: "slow sinks", slowSinks: true, bursts: false },
  { name: "bursts", slowSinks: false, bursts: true },
  { name: "bursts into slow sinks", slowSinks: true, bursts: true },
  { name: "a slow processor", slowSinks: false, bursts: false, busy: true },
  { name: "a slow processor and bursts", slowSinks: false, bursts: true, busy: true },
];

/** Further manners, in which a pipeline may end or fail but never trap. */
export const ENDINGS: readonly Manner[] = [
  { name: "end of the sources", slowSinks: false, bursts: false, then: "end" },
  { name: "a source that fails", slowSinks: false, bursts: false, then: "source-fails" },
  { name: "a sink that fails", slowSinks: true, bursts: true, then: "sink-fails" },
];

/** A pipeline to be tried, and its host. */
export interface Trial {
  readonly core: { step(now: bigint, work: number): bigint; readonly u8: Uint8Array; readonly view: DataView };
  readonly host: ModelHost;
  /** Address of the header of the completion ring. */
  readonly ring: number;
}

/** What came of a trial. */
export interface TrialResult {
  /** What went wrong that is the image's: a trap, memory that did not suffice, what no board has. Empty: nothing. */
  readonly failure: string;
  /** Whether that was a trap. */
  readonly trapped: boolean;
  /** The error that ended it otherwise, or empty: elements that read a format do not take made-up data for theirs. */
  readonly misread: string;
  /** Frames that sinks were given. */
  readonly frames: number;
  readonly steps: number;
}

/** Steps of a trial, and the work of each. */
const STEPS = 600;
const WORK = 1000;
const BUSY_STEPS = 6000;
const BUSY_WORK = 64;

/** Time between what two frames of a source would need, ns. */
const PERIOD = 10_000_000n;

/** Frames after which a manner's ending comes. */
const ENDING = 20;

/** Bytes of a packet that a network source is given: a header of RTP that counts, then data. */
const RTP_HEADER = 12;

/** Runs a pipeline on from where it was frozen, with elements that behave in a given manner and give made-up data. */
export function tryPipeline({ core, host, ring }: Trial, manner: Manner): TrialResult {
  let now = 1n;
  let steps = 0;
  let frames = 0;
  let sequence = 0;
  /** The error that was posted, if it is one of those. */
  const posted = (memory: boolean): string => {
    const { error } = host;
    return error && (error.name === "NoMemory") === memory ? error.text : "";
  };
  const failure = (): string => posted(true) || host.refused;
  const put = (c: CompletionRecord): void => {
    const v = core.view;
    const slots = v.getUint32(ring + 8, true);
    const tail = v.getUint32(ring + 4, true);
    const at = v.getUint32(ring + 12, true) + (tail % slots) * COMPLETION_SIZE;
    writeCompletion(v, at, c);
    v.setUint32(ring + 4, (tail + 1) >>> 0, true);
  };
  const roomInRing = (): boolean => {
    const v = core.view;
    return (v.getUint32(ring + 4, true) - v.getUint32(ring, true)) >>> 0 < v.getUint32(ring + 8, true);
  };
  const finish = (op: PendingOperation): void => {
    host.pending.delete(op.token);
    if (op.op === Number(Op.Frame)) frames++;
    const fails = manner.then === "sink-fails" && frames > ENDING;
    put({ ...emptyCompletion(op.token, Completed.Result), result: fails ? HostError.Io : 0 });
  };
  /** Gives data for a credit with a block. */
  const fill = (op: PendingOperation): void => {
    host.pending.delete(op.token);
    if (manner.then === "source-fails" && sequence > ENDING) {
      put({ ...emptyCompletion(op.token, Completed.Result), result: HostError.Io });
      return;
    }
    if (manner.then === "end" && sequence > ENDING) {
      put(emptyCompletion(op.token, Completed.End));
      return;
    }
    const bytes = core.u8.subarray(op.ptr, op.ptr + op.length);
    const caps = [...host.instances.get(op.handle)!.caps.values()].join();
    const isRtp = caps.includes("application/x-rtp") && bytes.length > RTP_HEADER;
    for (let i = isRtp ? RTP_HEADER : 0; i < bytes.length; i++) bytes[i] = i * 7 + sequence;
    if (isRtp) {
      const payload = Number(/payload=\(int\)(\d+)/.exec(caps)?.[1] ?? 96);
      const v = new DataView(bytes.buffer, bytes.byteOffset, RTP_HEADER);
      v.setUint16(0, 0x8000 | payload);
      v.setUint16(2, sequence & 0xffff);
      v.setUint32(4, sequence * (bytes.length - RTP_HEADER));
      v.setUint32(8, 0x12345678);
    }
    sequence++;
    put({ ...emptyCompletion(op.token, Completed.Data), result: bytes.length, pts: now });
  };
  try {
    while (steps < (manner.busy ? BUSY_STEPS : STEPS)) {
      const wait = core.step(now, manner.busy ? BUSY_WORK : WORK);
      steps++;
      if (((failure() || posted(false)) && !manner.then) || wait === BigInt(Wait.Finished)) break;
      const again = wait === BigInt(Wait.Again);
      if (again && !manner.busy) continue;
      const waiting = [...host.pending.values()];
      const credits = waiting.filter((op) => op.op === Number(Op.Credit) && op.length && op.ptr);
      const held = waiting.filter((op) => op.op !== Number(Op.Credit));
      let moved = false;
      const act = (list: PendingOperation[], how: (op: PendingOperation) => void): void => {
        for (const op of list) {
          if (!roomInRing()) return;
          how(op);
          moved = true;
        }
      };
      if (!manner.slowSinks) act(held, finish);
      act(manner.bursts ? credits : credits.slice(0, 1), fill);
      if (!moved && wait <= 0n && !again) act(held.slice(0, 1), finish);
      if (!moved && wait <= 0n && !again) break;
      now = wait > now ? wait : now + (manner.bursts ? 1n : PERIOD);
    }
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    // Where an image is too much sealed, the trace names the function.
    const trace = [...(error.stack ?? "").matchAll(/at (assembly\S+)/g)].map((m) => m[1]);
    return {
      failure: ["the core trapped: " + error.message, ...trace].join(" in "),
      trapped: true,
      misread: "",
      frames,
      steps,
    };
  }
  return { failure: failure(), trapped: false, misread: manner.then ? "" : posted(false), frames, steps };
}
