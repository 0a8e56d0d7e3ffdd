import type { RecordReader } from "./core/records.js";

/** Why bytes were copied. */
export const COPY_REASONS = ["gather", "carry", "packetize", "index", "convert", "align", "host"] as const;

/** A reason of the copy ledger. */
export type CopyReason = (typeof COPY_REASONS)[number];

/** What an element has done. */
export interface ElementStats {
  name: string;
  factory: string;
  /** Turns it had; counted while statistics are on. */
  turns: number;
  /** Turns that were timed. */
  timed: number;
  /** What the timed turns took, ns. */
  time: bigint;
  /** Operations in flight. */
  pending: number;
  /** The copy ledger: what was copied and why. Reasons that did not occur are left out. */
  copies: Partial<Record<CopyReason, { bytes: number; count: number }>>;
}

/** What went through a link. */
export interface LinkStats {
  from: { element: string; pad: string };
  to: { element: string; pad: string };
  frames: number;
  bytes: number;
  /** Packets that wait in it. */
  queued: number;
  /** Packets at which its producer waits. */
  limit: number;
}

/** The memory of the core. */
export interface MemoryStats {
  /** Bytes it may use. */
  ceiling: number;
  /** Bytes in use. */
  used: number;
  /** The most that were in use, bytes. */
  peak: number;
  /** Pieces in use. */
  pieces: number;
  /** Allocations since the start; the number stands still while frames flow. */
  allocations: number;
  frames: number;
  events: number;
  blocks: number;
  /** Times a link was grown because the graph stood still. */
  grown: number;
}

/** What the host has done. */
export interface HostStats {
  /** Steps of the core. */
  steps: number;
  reads: number;
  readBytes: number;
  writes: number;
  writtenBytes: number;
}

/** Where the time went. */
export interface TimeStats {
  /** From the call of play or pause until the run ended, or until now, ns of the pipeline's clock. */
  running: bigint;
}

/** The ledgers of a pipeline. */
export interface Stats {
  elements: ElementStats[];
  links: LinkStats[];
  memory: MemoryStats;
  host: HostStats;
  time: TimeStats;
}

/** Reads the answer to Query.Stats. */
export function readStats(r: RecordReader): Pick<Stats, "elements" | "links"> {
  const elements: ElementStats[] = [];
  for (let n = r.int(); n > 0; n--) {
    const e: ElementStats = {
      name: r.text(),
      factory: r.text(),
      turns: r.int(),
      timed: r.int(),
      time: r.big(),
      pending: r.int(),
      copies: {},
    };
    for (const reason of COPY_REASONS) {
      const bytes = r.int();
      const count = r.int();
      if (count) e.copies[reason] = { bytes, count };
    }
    elements.push(e);
  }
  const links: LinkStats[] = [];
  for (let n = r.int(); n > 0; n--) {
    links.push({
      from: { element: r.text(), pad: r.text() },
      to: { element: r.text(), pad: r.text() },
      frames: r.int(),
      bytes: r.int(),
      queued: r.int(),
      limit: r.int(),
    });
  }
  return { elements, links };
}

/** Reads the answer to Query.Memory. */
export function readMemory(r: RecordReader): MemoryStats {
  return {
    ceiling: r.int(),
    used: r.int(),
    peak: r.int(),
    pieces: r.int(),
    allocations: r.int(),
    frames: r.int(),
    events: r.int(),
    blocks: r.int(),
    grown: r.int(),
  };
}

/** An element of a pipeline and its pads. */
export interface GraphElement {
  name: string;
  factory: string;
  pads: GraphPad[];
}

/** A pad of a pipeline. */
export interface GraphPad {
  name: string;
  direction: "src" | "sink";
  /** What it is linked to, or null. */
  peer: { element: string; pad: string } | null;
  /** Its caps; empty while they are not settled. */
  caps: string;
}

/** Reads the answer to Query.Graph. */
export function readGraph(r: RecordReader): GraphElement[] {
  const out: GraphElement[] = [];
  for (let n = r.int(); n > 0; n--) {
    const e: GraphElement = { name: r.text(), factory: r.text(), pads: [] };
    // The element's place in the order of the graph.
    r.int();
    for (let k = r.int(); k > 0; k--) {
      const name = r.text();
      const direction = r.int() ? "sink" : "src";
      const element = r.text();
      const pad = r.text();
      e.pads.push({ name, direction, peer: element ? { element, pad } : null, caps: r.text() });
    }
    out.push(e);
  }
  return out;
}

/** The memory domain of caps: what stands in `memory:…`, or "system". */
export function domainOf(caps: string): string {
  return /^[^,;]*\(memory:([^),]+)\)/.exec(caps)?.[1] ?? "system";
}
