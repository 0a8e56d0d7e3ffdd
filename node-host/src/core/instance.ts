import { ABI_VERSION, HostError, Query, Send, State } from "../generated/abi.js";
import { HostFault } from "./errors.js";
import { CoreExports, CoreImports } from "./interface.js";
import { RecordReader, encodeText } from "./records.js";

/** What stands between an instance and its host, to watch or to replay: both sides may be replaced. */
export interface Tap {
  /** The imports that the core gets in place of the host's. */
  imports(host: CoreImports): CoreImports;
  /** The exports that the host calls in place of the core's. */
  exports(core: CoreExports): CoreExports;
}

const NOTHING = new Uint8Array(0);

/** The imports of a module, whose numbers are signed there. */
export function importsOf(host: CoreImports): WebAssembly.ModuleImports {
  return {
    open: (kind: number, spec: number, length: number) => host.open(kind >>> 0, spec >>> 0, length >>> 0),
    submit: (handle: number, op: number, ptr: number, length: number, aux: bigint, token: number) =>
      host.submit(handle, op >>> 0, ptr >>> 0, length >>> 0, aux, token >>> 0),
    cancel: (token: number) => host.cancel(token >>> 0),
    close: (handle: number) => host.close(handle),
    retain: (handle: number) => host.retain(handle),
    release: (handle: number) => host.release(handle),
    post: (kind: number, ptr: number, length: number) => host.post(kind >>> 0, ptr >>> 0, length >>> 0),
    random: (ptr: number, length: number) => host.random(ptr >>> 0, length >>> 0),
    tick: () => host.tick(),
  };
}

/**
 * One instance of the core, which is one pipeline. Its memory is taken by `init` and never grows, so that the views stay
 * valid and no call makes new ones.
 */
export class Core {
  readonly exports: CoreExports;
  /** All of the memory. */
  u8!: Uint8Array;
  /** All of the memory. */
  view!: DataView;

  /**
   * Makes an instance.
   * @param module compiled core
   * @param imports the host; it is called only inside the calls made here
   */
  constructor(module: WebAssembly.Module, imports: CoreImports, tap?: Tap) {
    const g2g = importsOf(tap ? tap.imports(imports) : imports);
    const exports = new WebAssembly.Instance(module, { g2g }).exports as unknown as CoreExports;
    const version = exports.abi_version();
    if (version !== ABI_VERSION) {
      throw new HostFault(`the core speaks version ${version} of the host interface, this host version ${ABI_VERSION}`);
    }
    this.exports = tap ? tap.exports(exports) : exports;
    this.look();
  }

  /**
   * Takes the memory.
   * @param ceiling bytes of memory in all, at most 4 GiB less 64 KiB
   * @param options InitOption bits
   * @throws {HostFault} when the system has not that much, or the ceiling is too low for the core itself
   */
  init(ceiling: number, options: number): void {
    const code = this.exports.init(ceiling, options);
    this.look();
    if (code) throw new HostFault(`the core cannot start with ${ceiling} bytes of memory`);
  }

  /** Memory of the core's heap for the host to write into; freed with `free` or handed over. 0 when there is none. */
  alloc(length: number): number {
    return this.exports.alloc(length) >>> 0;
  }

  /** Gives memory of `alloc` back. */
  free(ptr: number): void {
    this.exports.free(ptr);
  }

  /** Registers a host element; 0 or a negative HostError. */
  describe(descriptor: Uint8Array): number {
    return this.with(descriptor, (ptr, length) => this.exports.describe(ptr, length));
  }

  /** Builds the pipeline; 0, or the code of the error that was posted. */
  launch(line: string): number {
    return this.with(encodeText(line), (ptr, length) => this.exports.launch(ptr, length));
  }

  /** Asks for a state. */
  setState(state: State): void {
    this.exports.set_state(state);
  }

  /** Runs; a deadline in ns of the host's clock, or a Wait. */
  step(now: bigint, work: number): bigint {
    return this.exports.step(now, work);
  }

  /**
   * Asks the core.
   * @param args records
   * @returns a reader of the answer, good until the next call, or a negative HostError
   */
  query(kind: Query, args: Uint8Array = NOTHING): RecordReader | number {
    const at = this.with(args, (ptr, length) => this.exports.query(kind, ptr, length));
    // An address may lie above 2 GiB; errors are small.
    if (at < 0 && at > -4096) return at;
    const p = at >>> 0;
    return new RecordReader(this.u8.subarray(p + 4, p + 4 + this.view.getUint32(p, true)));
  }

  /** Tells the pipeline something; 0, a code or a negative HostError. */
  event(kind: Send, args: Uint8Array = NOTHING): number {
    return this.with(args, (ptr, length) => this.exports.event(kind, ptr, length));
  }

  /** Gives everything back; the number of leaked pieces of memory, negative when the pipeline is not in NULL. */
  dispose(): number {
    return this.exports.dispose();
  }

  private look(): void {
    this.u8 = new Uint8Array(this.exports.memory.buffer);
    this.view = new DataView(this.exports.memory.buffer);
  }

  /** Calls with bytes in the core's memory. */
  private with(bytes: Uint8Array, call: (ptr: number, length: number) => number): number {
    if (!bytes.length) return call(0, 0);
    const ptr = this.alloc(bytes.length);
    if (!ptr) return HostError.NoMemory;
    this.u8.set(bytes, ptr);
    try {
      return call(ptr, bytes.length);
    } finally {
      this.free(ptr);
    }
  }
}
