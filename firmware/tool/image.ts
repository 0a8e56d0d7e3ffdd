import { BoardElement } from "./modelhost.js";

/** What the memory of a frozen pipeline holds, bytes. */
export interface MemoryReport {
  /** Records, tables and constants that lie where they were when the pipeline was frozen. */
  readonly fixed: number;
  /** Blocks and records of pools, used from frame to frame. */
  readonly pools: number;
  /** What nothing uses. */
  readonly free: number;
  /** Bytes of data segments in the module: flash that becomes linear memory at the start. */
  readonly segments: number;
  /** The most that it took from the heap in a trial at the desk, allocations; 0 is a steady state from the start. */
  readonly allocations: number;
  /** Whether what builds and negotiates was cut out. */
  readonly sealed: boolean;
  /** Whether what no trial called was left out. */
  readonly tight: boolean;
  /** The error with which an element refused the data of the trials, so that they show less than a real stream; or empty. */
  readonly misread: string;
}

/** A line with its elements and memory as they are when the pipeline starts. */
export interface FrozenImage {
  readonly line: string;
  /** The module: sealed, or the whole core. */
  readonly wasm: Uint8Array;
  /** What the core asked of its host on the way; null: the firmware launches the line itself. */
  readonly bootLog: Uint8Array | null;
  /** The descriptors that a whole core is given. */
  readonly descriptors: readonly Uint8Array[];
  /** Bytes of linear memory, a multiple of 16. */
  readonly memory: number;
  /** Address of the header of the completion ring. */
  readonly ring: number;
  /** Names of the host elements in use. */
  readonly elements: readonly string[];
  /** SHA-256 of the module, hexadecimal. */
  readonly hash: string;
  readonly report: MemoryReport;
}

/** How a line is frozen. */
export interface FreezeOptions {
  readonly engine: Engine;
  /** Bytes of linear memory to use; the least that does without it. */
  readonly memory?: number;
  /** Tables of the board's elements, in place of those that firmware has. */
  readonly elements?: readonly BoardElement[];
  /**
   * Leaves out every function that no trial at the desk has called. A pipeline that needs one after all traps, and is
   * started anew.
   */
  readonly tight?: boolean;
  /** Told what is done next. */
  readonly progress?: (what: string) => void;
}

/** What runs the module. */
export type Engine = "aot" | "wasm3";
