/** What the core imports from module `g2g`; see DESIGN.md, "The host interface". None may call back into the core. */
export interface CoreImports {
  open(kind: number, spec: number, length: number): number;
  submit(handle: number, op: number, ptr: number, length: number, aux: bigint, token: number): number;
  cancel(token: number): void;
  close(handle: number): void;
  retain(handle: number): void;
  release(handle: number): void;
  post(kind: number, ptr: number, length: number): void;
  random(ptr: number, length: number): void;
  tick(): bigint;
}

/** What the core exports. */
export interface CoreExports {
  readonly memory: WebAssembly.Memory;
  abi_version(): number;
  init(ceiling: number, options: number): number;
  alloc(length: number): number;
  free(ptr: number): void;
  describe(ptr: number, length: number): number;
  launch(ptr: number, length: number): number;
  set_state(state: number): number;
  step(now: bigint, work: number): bigint;
  query(kind: number, ptr: number, length: number): number;
  event(kind: number, ptr: number, length: number): number;
  dispose(): number;
}

/** Options of `init`. */
export const enum InitOption {
  Statistics = 1,
  AutoConvert = 2,
  /** Memory is scarce: rings and pools are made in small steps. */
  Small = 4,
  /** With Small: blocks are aligned to cache lines of 32 bytes. */
  CacheLines = 8,
}
