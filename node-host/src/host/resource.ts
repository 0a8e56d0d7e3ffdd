/** What a handle of `open` stands for. */
export interface Resource {
  /**
   * Starts an operation; see DESIGN.md, "Operations". Called inside a step: it must not call into the core.
   * @returns a result of 0 or more, Pending, or a negative HostError
   */
  submit(op: number, ptr: number, length: number, aux: bigint, token: number): number;
  /** Asks for an operation to end soon; a token that is not this resource's is nothing. */
  cancel(token: number): void;
  /** Gives the resource back; nothing is pending on it. */
  close(): void;
}

/** Something that can be done in this thread while the core has nothing to do. */
export interface IdleWork {
  /** Does a piece of it; whether there was any. */
  perform(): boolean;
}

/** What a resource may use of the host. */
export interface ResourceHost {
  /** The memory of the core. */
  readonly u8: Uint8Array;
  readonly view: DataView;
  /** Ends an operation. */
  complete(token: number, result: number, epoch?: number): void;
  /** Those that have something to do while the core has nothing. */
  readonly idleWork: Set<IdleWork>;
  /** What has been read and written, for statistics and progress. */
  readonly traffic: Traffic;
}

/** Bytes that went through files. */
export interface Traffic {
  reads: number;
  readBytes: number;
  writes: number;
  writtenBytes: number;
  /** Bytes of the regular files that are read. */
  inputBytes: number;
  /** Transfers that threads work on now. */
  inFlight: number;
}
