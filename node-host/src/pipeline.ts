import "./symbols.js";
import { Bus } from "./bus.js";
import { CoreTrap, HostFault, PipelineError, Report, hostErrorText, makeReport } from "./core/errors.js";
import { Core } from "./core/instance.js";
import { InitOption } from "./core/interface.js";
import { Message, StateName, readMessage, stateName } from "./core/messages.js";
import { CoreModule, corePaths, hasSimd, loadCore } from "./core/module.js";
import { RecordReader, RecordWriter } from "./core/records.js";
import { timeOf } from "./core/time.js";
import { describeTable } from "./descriptor.js";
import type { HostElementFactory } from "./element.js";
import { AppSink } from "./elements/appsink.js";
import { AppSrc, CapsProperty } from "./elements/appsrc.js";
import { Query, Send, State } from "./generated/abi.js";
import { Code } from "./generated/errors.js";
import { APPSINK, APPSRC } from "./generated/hostelements.js";
import { Host } from "./host/host.js";
import { Loop, LoopOwner } from "./host/loop.js";
import type { Recorder } from "./record/recorder.js";
import { GraphElement, Stats, readGraph, readMemory, readStats } from "./stats.js";

/** Bytes of memory that a pipeline may use when nothing is said. The system gives it only as it is used. */
export const DEFAULT_MEMORY = 256 * 1024 * 1024;

/** The most that can be asked for, bytes. */
export const MAX_MEMORY = 0xffff0000;

/** How a pipeline is run. */
export interface LaunchOptions {
  /** Ceiling of the core's memory, bytes, at most 4 GiB less 64 KiB; 256 MiB when nothing is said. */
  memory?: number;
  /** Whether to run the core with SIMD; by default where the engine has it. The results are the same. */
  simd?: boolean;
  /** Path of a core to run in place of the one that comes with the library. */
  core?: string;
  /** Elements of the program's own. */
  elements?: readonly HostElementFactory[];
  /** Records everything that enters the core into this file; with `digests`, hashes of what is read in place of the data. */
  record?: string | { file: string; digests?: boolean };
  /** Whether the turns of elements are counted and timed; it costs a little. */
  statistics?: boolean;
  /** Whether converters may be inserted where memory domains do not meet. */
  convert?: boolean;
  /** The monotonic clock, ns; by default that of the system. */
  clock?: () => bigint;
  /** Whether `close` fails when the core has not given all of its memory back: for tests. */
  checkLeaks?: boolean;
}

/** What a property can be set to. */
export type PropertyInput = string | number | bigint | boolean;

/** How a run of a pipeline ended: by itself, or by `stop`. */
export type Ending = "eos" | "stopped";

/** Options of a seek. */
export interface SeekOptions {
  /** Where to end, ns. */
  stop?: bigint;
  /** Speed; 1 when nothing is said. */
  rate?: number;
  /** Whether what is in flight is thrown away; true when nothing is said. */
  flush?: boolean;
  /** Whether to go to the key unit before the time, which is fast; true when nothing is said. */
  keyUnit?: boolean;
}

const FORMAT_TIME = 2;
const SEEK_FLUSH = 1;
const SEEK_ACCURATE = 2;
const SEEK_KEY_UNIT = 4;

/** A promise with its ends. A rejection that nobody waits for is no fault: the bus and `done` tell it too. */
class Deferred<T> {
  resolve!: (value: T) => void;
  reject!: (reason: unknown) => void;
  readonly promise = new Promise<T>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });

  constructor() {
    this.promise.catch(() => {});
  }
}

/**
 * Builds a pipeline from a launch line; it does not run yet.
 * @param line what gst-launch would take
 * @returns the pipeline, in state null
 * @throws {PipelineError} when the line cannot be built: its report names the place and what would help
 * @throws {HostFault} when the options are wrong or the core cannot be loaded
 */
export async function launch(line: string, options: LaunchOptions = {}): Promise<Pipeline> {
  const module = loadCore(options.core ?? corePaths(options.simd ?? hasSimd())[0]);
  let recorder: Recorder | undefined;
  if (options.record) {
    const { Recorder } = await import("./record/recorder.js");
    const to = typeof options.record === "string" ? { file: options.record } : options.record;
    recorder = new Recorder(to.file, { digests: to.digests ?? false, hash: module.hash });
  }
  try {
    return new Pipeline(line, module, options, recorder);
  } catch (error) {
    recorder?.finish();
    throw error;
  }
}

/** A pipeline: an instance of the core and the host that serves it. Made by `launch`. */
export class Pipeline implements AsyncDisposable {
  /** Messages: errors, states, tags, the end of the stream. */
  readonly bus = new Bus();
  /** The most recent step's effect on -v and progress; called after each step that the pipeline takes. */
  onStep: (() => void) | null = null;
  private readonly core: Core;
  private readonly host: Host;
  private readonly loop: Loop;
  private readonly apps = new Map<string, AppSrc | AppSink>();
  private readonly kinds: Map<string, string>;
  private current: StateName = "null";
  private target: State = State.Null;
  private prerolled = false;
  private waiters: { state: State; deferred: Deferred<void> }[] = [];
  private run = new Deferred<Ending>();
  private running = false;
  /** When the run began and ended, ns of the clock. */
  private began: bigint | null = null;
  private ended: bigint | null = null;
  private error: Error | null = null;
  private closing: Promise<void> | null = null;
  private dead = false;

  /** Use `launch`. */
  constructor(
    line: string,
    module: CoreModule,
    private readonly options: LaunchOptions,
    private readonly recorder: Recorder | undefined,
  ) {
    const memory = options.memory ?? DEFAULT_MEMORY;
    if (!Number.isInteger(memory) || memory < 1 || memory > MAX_MEMORY) {
      throw new HostFault(`the memory ceiling must be from 1 to ${MAX_MEMORY} bytes, not ${memory}`);
    }
    const factories = [...this.appFactories(), ...(options.elements ?? [])];
    const byName = new Map(factories.map((f) => [f.table.name, f]));
    this.host = new Host(byName, options.clock ?? (() => process.hrtime.bigint()));
    this.core = new Core(module.module, this.host, recorder);
    this.core.init(
      memory,
      (options.statistics ? InitOption.Statistics : 0) | (options.convert ? InitOption.AutoConvert : 0),
    );
    this.host.bind(this.core);
    for (const f of factories) {
      const code = this.core.describe(describeTable(f.table));
      if (code < 0) throw new HostFault(`the element ${f.table.name} cannot be registered: ${hostErrorText(code)}`);
    }
    const owner: LoopOwner = {
      stepped: () => this.stepped(),
      finished: () => this.finished(),
      broken: (error) => this.broken(error),
    };
    this.loop = new Loop(this.core, this.host, owner);
    let code: number;
    try {
      code = this.core.launch(line);
    } catch (error) {
      throw trapOf(error);
    }
    this.takeMessages();
    if (code) {
      this.loop.end();
      throw this.error ?? new HostFault(`the line cannot be built: error ${code}`);
    }
    this.kinds = new Map(this.graph().map((e) => [e.name, e.factory]));
  }

  /** The state that has been reached. */
  get state(): StateName {
    return this.current;
  }

  /**
   * Settles when the run ends: at the end of all streams, or by `stop`. It rejects with the first error, once everything
   * that had been written so far is finished.
   */
  get done(): Promise<Ending> {
    return this.run.promise;
  }

  /**
   * Plays; settles when all elements have started. The state is playing as soon as every sink has a frame. It rejects when
   * an element cannot start.
   */
  play(): Promise<void> {
    return this.go(State.Playing);
  }

  /**
   * Pauses; settles when every sink has a frame or has ended, for which an appsrc must be fed. It rejects when an element
   * cannot start.
   */
  pause(): Promise<void> {
    return this.go(State.Paused);
  }

  /** Goes back to state null: what is in flight is given up. Settles when nothing is in flight any more. */
  stop(): Promise<void> {
    if (this.dead) return Promise.resolve();
    return this.go(State.Null);
  }

  /**
   * Stops and gives everything back.
   * @throws {HostFault} when memory handles were not given back or, with `checkLeaks`, memory of the core
   */
  close(): Promise<void> {
    return (this.closing ??= this.end());
  }

  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * An element by name.
   * @throws {HostFault} when there is none
   */
  element(name: string): ElementHandle {
    this.alive();
    const factory = this.kinds.get(name) ?? this.graph().find((e) => e.name === name)?.factory;
    if (!factory) throw new HostFault(`no element is named "${name}"`);
    const changed = (): void => this.loop.wake();
    return new ElementHandle(this.core, name, factory, () => this.alive(), changed);
  }

  /** The program's side of an appsrc. */
  appsrc(name: string): AppSrc {
    return this.app(name, "appsrc") as AppSrc;
  }

  /** The program's side of an appsink. */
  appsink(name: string): AppSink {
    return this.app(name, "appsink") as AppSink;
  }

  /** What went through elements and links, what was copied and why, and the memory in use. */
  stats(): Stats {
    const { reads, readBytes, writes, writtenBytes } = this.host.traffic;
    return {
      ...readStats(this.ask(Query.Stats)),
      memory: readMemory(this.ask(Query.Memory)),
      host: { steps: this.loop.steps, reads, readBytes, writes, writtenBytes },
      time: { running: this.began === null ? 0n : (this.ended ?? this.host.now()) - this.began },
    };
  }

  /** The elements, their pads, what is linked to what, and the caps. */
  graph(): GraphElement[] {
    return readGraph(this.ask(Query.Graph));
  }

  /** Where the stream is, ns; null when that is not known. */
  position(): bigint | null {
    return this.time(Query.Position);
  }

  /** How long the stream is, ns; null when that is not known. */
  duration(): bigint | null {
    return this.time(Query.Duration);
  }

  /** Share of the bytes of the files that are read which has been read, 0 to 1; null when no file is read. */
  progress(): number | null {
    const t = this.host.traffic;
    return t.inputBytes ? Math.min(t.readBytes / t.inputBytes, 1) : null;
  }

  /** Asks all sources to end; what has come in is finished. */
  sendEos(): void {
    this.send(Send.Eos, new RecordWriter());
  }

  /**
   * Goes to another place.
   * @param time ns
   * @throws {HostFault} when no element can do it
   */
  seek(time: bigint, options: SeekOptions = {}): void {
    const flags =
      ((options.flush ?? true) ? SEEK_FLUSH : 0) | ((options.keyUnit ?? true) ? SEEK_KEY_UNIT : SEEK_ACCURATE);
    const w = new RecordWriter()
      .double(options.rate ?? 1)
      .int(FORMAT_TIME)
      .int(flags)
      .int(time);
    // No stop: a time that does not exist leaves it as it is.
    this.send(Send.Seek, w.int(options.stop ?? -(2n ** 63n)));
  }

  /** Asks encoders upstream for a key frame, at a running time in ns or now. */
  forceKeyUnit(time?: bigint): void {
    const w = new RecordWriter();
    this.send(Send.ForceKeyUnit, time === undefined ? w : w.int(time));
  }

  /** Turns the counting and timing of turns on or off. */
  setStatistics(on: boolean): void {
    this.send(Send.Statistics, new RecordWriter().int(on ? 1 : 0));
  }

  private *appFactories(): Iterable<HostElementFactory> {
    yield {
      table: APPSRC,
      create: (context) => (this.appOf(context.name, "appsrc") as AppSrc).attach(context),
    };
    yield {
      table: APPSINK,
      // Room counts what waits; what the program holds is its own affair.
      create: (context) => (this.appOf(context.name, "appsink") as AppSink).attach(),
    };
  }

  private app(name: string, factory: string): AppSrc | AppSink {
    if (this.kinds.get(name) !== factory) throw new HostFault(`no ${factory} is named "${name}"`);
    return this.appOf(name, factory);
  }

  private appOf(name: string, factory: string): AppSrc | AppSink {
    let app = this.apps.get(name);
    if (!app) {
      app = factory === "appsrc" ? new AppSrc(name, this.capsOf(name)) : new AppSink(name);
      this.apps.set(name, app);
    }
    return app;
  }

  private capsOf(name: string): CapsProperty {
    return {
      get: () => String(this.element(name).get("caps")),
      set: (caps) => void this.element(name).set("caps", caps),
    };
  }

  private alive(): void {
    if (this.dead || this.closing) throw new HostFault("the pipeline is closed");
  }

  private ask(kind: Query): RecordReader {
    if (this.dead) throw new HostFault("the pipeline is closed");
    const answer = this.core.query(kind);
    if (typeof answer === "number") throw new HostFault(`the core does not answer: ${hostErrorText(answer)}`);
    return answer;
  }

  private time(kind: Query): bigint | null {
    const r = this.ask(kind);
    return r.int() ? timeOf(r.big()) : null;
  }

  private send(kind: Send, args: RecordWriter): void {
    this.alive();
    const code = this.core.event(kind, args.done());
    this.takeMessages();
    this.loop.wake();
    if (code) throw new HostFault(`the pipeline cannot do that: ${hostErrorText(code)}`);
  }

  private go(state: State): Promise<void> {
    if (this.dead) return Promise.reject(this.error ?? new HostFault("the pipeline is closed"));
    if (!this.running && state !== State.Null) {
      this.running = true;
      this.began = this.host.now();
      this.ended = null;
      this.error = null;
      this.run = new Deferred();
      this.bus.reopen();
    }
    this.target = state;
    for (const w of this.waiters.splice(0)) w.deferred.reject(new HostFault("another state was asked for"));
    this.core.setState(state);
    this.loop.wake();
    const deferred = new Deferred<void>();
    this.waiters.push({ state, deferred });
    return deferred.promise;
  }

  private stepped(): boolean {
    this.takeMessages();
    const fault = this.host.fault;
    if (fault) {
      this.host.fault = null;
      this.raise(fault);
    }
    this.onStep?.();
    for (const w of this.waiters) if (this.hasReached(w.state)) w.deferred.resolve();
    return true;
  }

  /** Whether what was asked for with a state has come; state null has when nothing is in flight any more. */
  private hasReached(state: State): boolean {
    if (state === State.Playing) return this.current === "paused" || this.current === "playing";
    return state === State.Paused && this.current === "paused" && this.prerolled;
  }

  /** Ends the run for a fault of the host or of one of its elements. */
  private raise(fault: Error): void {
    const report = makeReport(Code.HostProtocol, "", null, null, [fault.message]);
    this.error ??= new PipelineError(report, { cause: fault });
    this.bus.push({ type: "error", ...report });
    this.core.setState(State.Null);
    this.target = State.Null;
    this.loop.wake();
  }

  private takeMessages(): void {
    for (const { kind, records } of this.host.posted.splice(0)) {
      let message = readMessage(kind, records);
      if (message.type === "state-changed") {
        this.current = message.state;
        if (message.old === "ready") this.prerolled = false;
      } else if (message.type === "async-done") this.prerolled = true;
      if (message.type === "error") {
        const cause = this.host.causes.get(message.element);
        if (message.code === Code.HostElement && cause) message = { ...message, ...explain(message, cause) };
        const { type: _, ...report } = message;
        this.error ??= new PipelineError(report, cause === undefined ? undefined : { cause });
      }
      this.bus.push(message);
    }
  }

  private finished(): void {
    const stopped = this.target === State.Null;
    const failure = this.error;
    if (this.running && (stopped || failure || this.current === "playing")) {
      this.ended ??= this.host.now();
      if (failure) this.run.reject(failure);
      else this.run.resolve(stopped ? "stopped" : "eos");
    }
    if (stopped) this.running = false;
    // Nothing takes what a program still wants to push.
    for (const app of this.apps.values()) if (app instanceof AppSrc) app.drop("the pipeline has ended");
    for (const w of this.waiters.splice(0)) {
      if (this.hasReached(w.state) || this.current === stateName(w.state)) w.deferred.resolve();
      else w.deferred.reject(failure ?? new HostFault(`the pipeline stays in state ${this.current}`));
    }
    this.bus.finish();
  }

  /** The core has trapped, or the host is at fault: no call into the core is made any more. */
  private broken(error: unknown): void {
    this.dead = true;
    this.error = trapOf(error);
    this.recorder?.finish();
    this.host.closeAll();
    for (const app of this.apps.values()) app.detach();
    this.run.reject(this.error);
    for (const w of this.waiters.splice(0)) w.deferred.reject(this.error);
    this.bus.finish();
  }

  private async end(): Promise<void> {
    if (!this.dead) await this.stop();
    await this.host.ended();
    for (const app of this.apps.values()) app.detach();
    this.bus.finish();
    if (this.dead) return;
    this.dead = true;
    this.loop.end();
    const left = this.core.dispose();
    this.recorder?.finish();
    const leaks = this.host.leaks();
    this.host.closeAll();
    if (leaks) throw new HostFault(leaks);
    if (left && this.options.checkLeaks) {
      throw new HostFault(left < 0 ? "the core is not at rest" : `the core leaks ${left} pieces of memory`);
    }
  }
}

/** The report of a failed host element with what the element itself said. */
function explain(report: Report, cause: unknown): Report {
  const why = cause instanceof Error ? cause.message : String(cause);
  return makeReport(report.code, report.element, report.offset, report.time, [why]);
}

/** What an exception out of the core means. */
function trapOf(error: unknown): Error {
  if (error instanceof WebAssembly.RuntimeError) {
    return new CoreTrap(`the core has trapped: ${error.message}`, { cause: error });
  }
  return error instanceof Error ? error : new HostFault(String(error));
}

/** An element of a pipeline. */
export class ElementHandle {
  /** Use Pipeline.element. */
  constructor(
    private readonly core: Core,
    readonly name: string,
    /** The kind of element. */
    readonly factory: string,
    private readonly check: () => void,
    private readonly changed: () => void,
  ) {}

  /**
   * Sets a property; a text is read as in a launch line.
   * @throws {HostFault} when there is none of this name, it cannot be set (now), or the value is none of its values
   */
  set(property: string, value: PropertyInput): this {
    this.check();
    this.changed();
    const args = new RecordWriter().text(this.name).text(property).text(String(value)).done();
    const code = this.core.event(Send.Property, args);
    if (!code) return this;
    const what: Record<number, string> = {
      [Code.NoSuchName]: `no element is named "${this.name}"`,
      [Code.NoProperty]: `${this.factory} has no property "${property}"`,
      [Code.ReadOnly]: `the property ${property} of ${this.name} can only be read`,
      [Code.NotNow]: `the property ${property} of ${this.name} can only be set before the pipeline starts`,
      [Code.BadValue]: `the property ${property} of ${this.name} cannot be "${String(value)}"`,
    };
    throw new HostFault(what[code] ?? `the property ${property} of ${this.name} cannot be set: ${hostErrorText(code)}`);
  }

  /**
   * The value of a property: a number for whole numbers that one can hold (booleans are 0 and 1), else a bigint; a text for
   * words, fractions and caps.
   * @throws {HostFault} when there is none of this name
   */
  get(property: string): number | bigint | string {
    this.check();
    const answer = this.core.query(Query.Property, new RecordWriter().text(this.name).text(property).done());
    if (typeof answer === "number") throw new HostFault(`${this.factory} has no property "${property}"`);
    const value = answer.next();
    if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    return typeof value === "string" || typeof value === "number" ? value : String(value);
  }
}

export type { Message };
