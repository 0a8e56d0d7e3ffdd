import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { ExitCode } from "../../node-host/src/cli/exit.js";
import { launchError } from "../../node-host/src/cli/launch.js";
import { makeReport, PipelineError, Report } from "../../node-host/src/core/errors.js";
import { Core, importsOf } from "../../node-host/src/core/instance.js";
import { CoreExports, InitOption } from "../../node-host/src/core/interface.js";
import { Query, State, Wait } from "../../node-host/src/generated/abi.js";
import { filesUnder } from "../../scripts/lib/inputs.mjs";
import { Board } from "./board.js";
import { encodeBootLog } from "./bootlog.js";
import { boardElements, descriptorOf } from "./elements.js";
import { ToolError } from "./errors.js";
import { FormulaError } from "./formula.js";
import { FreezeOptions, FrozenImage } from "./image.js";
import { BoardElement, ModelHost } from "./modelhost.js";
import { root } from "./paths.js";
import { compileProfile } from "./profile.js";
import { Cut, SealInput, seal, stretches, strip, watch } from "./seal.js";
import { ENDINGS, MANNERS, Trial, tryPipeline } from "./trial.js";
import { PAGE } from "./wasm.js";

/** Memory that a line is negotiated in; what it does not use is given up after that. */
const WORKSHOP = 1 << 20;

/** What the least memory is searched in, and the least room that a heap keeps, bytes. */
const STEP = 16;

/** Memory that pools may grow into in a trial, at most. */
const MOST_SPARE = 1 << 19;

/** The functions that a sealed module does without, and why. */
const CUTS = path.join(root, "firmware/tool/seal.json");

/** Steps until a line must have come to where an image begins. */
const MOST_STEPS = 100_000;

/** What a core exports besides when it can be frozen; see assembly/abi/frozen.ts. */
interface FrozenExports extends CoreExports {
  settle(sealed: number): void;
  shrink(spare: number): number;
  words(): number;
  word_offsets(): number;
  word_count(): number;
  survivors(bits: number): number;
  plan(bits: number, count: number): void;
  stock(which: number): number;
  restock(which: number): number;
  allocations(): number;
  idle_hook(i: number): number;
}

/** A line standing where its image begins. */
interface Standing {
  readonly core: Core;
  readonly host: ModelHost;
  readonly graph: GraphElement[];
  /** Address of the header of the completion ring. */
  readonly ring: number;
}

interface GraphElement {
  readonly factory: string;
  /** The names of the element and its pads. */
  readonly names: string[];
  /** Caps of its pads; empty where there are none yet. */
  readonly caps: string[];
}

/**
 * Makes an image of a line: built, negotiated and started at the desk, with the memory as it is then.
 * @param folder for what is made on the way; inside the repository
 * @throws {ToolError} when the line cannot run on the board, with the explanation that `g2g launch` gives
 */
export async function freezeLine(
  board: Board,
  line: string,
  folder: string,
  options: FreezeOptions,
): Promise<FrozenImage> {
  const say = options.progress ?? (() => {});
  const elements = options.elements ?? boardElements(board.elements);
  await mkdir(folder, { recursive: true });
  say("negotiating the line");
  const whole = new WebAssembly.Module(await readFile(path.join(root, "build/core.wasm")));
  const first = bringUp(whole, line, elements, board);
  const { factories, own } = usedBy(first, elements);
  say("compiling what the line needs");
  const raw = await compileProfile([...factories], folder);
  const module = new WebAssembly.Module(raw);

  // What may still have to be negotiated while it plays needs all that negotiates.
  const sealed = isNegotiated(first.graph) && own.every((t) => !t.flags?.includes("late-caps"));
  const scout = bringUp(module, line, own, board, { bits: new Uint8Array(PAGE), count: PAGE * 8 });
  const plan = survivorsOf(scout.core, Number(sealed));
  const stand = (spare: number, stocks: Stocks): Standing & { memory: number } => {
    const s = bringUp(module, line, own, board, plan);
    const exports = s.core.exports as FrozenExports;
    exports.settle(Number(sealed));
    provide(exports, stocks);
    return { ...s, memory: exports.shrink(spare) };
  };
  say("measuring its memory");
  const { stocks, misread } = stocksOf(() => stand(MOST_SPARE, new Map()));
  const room = leastSpare((spare) => stand(spare, stocks));
  const least = stand(room, stocks).memory;
  const spare = room + (options.memory ?? least) - least;
  if (spare < room) {
    throw new ToolError(`the pipeline needs ${least} bytes of memory, and may have ${options.memory}`);
  }
  const made = stand(spare, stocks);
  const { core, host, ring } = made;
  const exports = core.exports as FrozenExports;
  const memory = core.u8.slice(0, made.memory);
  if (sealed) forgetWords(exports, memory, new Set([...messageWords(), ...made.graph.flatMap((e) => e.names)]));
  say("sealing the module");
  const idle: number[] = [];
  for (let i = 0, hook; (hook = exports.idle_hook(i)); i++) idle.push(hook);
  const input: SealInput = {
    module: raw,
    memory,
    exports: ["memory", "step"],
    cut: sealed ? (JSON.parse(await readFile(CUTS, "utf8")) as Cut[]) : [],
    idle: sealed ? idle : [],
    optimize: true,
    scratch: folder,
  };
  // Trials that were cut short do not show what a real stream calls.
  const tight = Boolean(options.tight) && sealed && !misread;
  const only = tight ? await called(input, made) : undefined;
  const wasm = await seal({ ...input, only });
  const segments = stretches(memory).reduce((n, { bytes }) => n + bytes.length, 0);
  if (trySealed(wasm, made)) {
    const failure = trySealed(await seal({ ...input, only, optimize: false }), made);
    throw new ToolError(`the image was tried at the desk and failed (${failure})`);
  }
  const fixed = stand(0, new Map()).memory;
  return {
    line,
    wasm,
    bootLog: encodeBootLog(host.log),
    descriptors: [],
    memory: made.memory,
    ring,
    elements: own.map((t) => t.name),
    hash: createHash("sha256").update(strip(wasm)).digest("hex"),
    report: {
      fixed,
      pools: least - fixed,
      free: made.memory - least,
      segments,
      allocations: allocationsOf(() => stand(spare, stocks)),
      sealed,
      tight,
      misread,
    },
  };
}

/** Which allocations of those that lead to the start of an image stay; a bit each. */
interface Plan {
  readonly bits: Uint8Array;
  readonly count: number;
}

function survivorsOf(core: Core, sealed: number): Plan {
  const exports = core.exports as FrozenExports;
  exports.settle(sealed);
  const count = exports.survivors(WORKSHOP);
  return { bits: core.u8.slice(WORKSHOP, WORKSHOP + (count >> 3) + 1), count };
}

/** Builds a line and plays it at time 0 until its sources are armed and all caps are known. */
export function bringUp(
  module: WebAssembly.Module,
  line: string,
  elements: readonly BoardElement[],
  board: Board,
  plan?: Plan,
): Standing {
  const host = new ModelHost(elements);
  const attach = (e: CoreExports): CoreExports => {
    // What does not fit into this page plans no more: it lies as it comes.
    e.memory.grow(WORKSHOP / PAGE + 1 - e.memory.buffer.byteLength / PAGE);
    host.attach(e.memory);
    return e;
  };
  const core = new Core(module, host, { imports: (i) => i, exports: attach });
  core.init(WORKSHOP, InitOption.Small | (board.cacheLine > 16 ? InitOption.CacheLines : 0));
  if (plan && plan.bits.length <= PAGE) {
    core.u8.set(plan.bits, WORKSHOP);
    (core.exports as FrozenExports).plan(WORKSHOP, plan.count);
  }
  for (const table of elements) {
    if (core.describe(descriptorOf(table))) throw new ToolError(`${table.name}: its table is damaged`);
  }
  const code = core.launch(line);
  if (code) throw refuse(host, line, makeReport(code, "", null, null, []));
  core.setState(State.Playing);
  try {
    for (let i = 0; i < MOST_STEPS; i++) {
      const wait = core.step(0n, 1);
      if (host.error || host.refused) throw refuse(host, line);
      const graph = readGraph(core);
      if (wait !== BigInt(Wait.Again) || (host.fed && isNegotiated(graph))) {
        return { core, host, graph, ring: ringOf(core) };
      }
    }
  } catch (error) {
    if (error instanceof FormulaError) throw new ToolError(`the size of a block cannot be told: ${error.message}`);
    throw error;
  }
  throw new ToolError(`the line does not come to a start: ${line}`);
}

/** The error that the core posted, or why a board cannot do what it asked for. */
function refuse(host: ModelHost, line: string, otherwise?: Report): ToolError {
  if (host.refused) return new ToolError(`this line cannot run on a board: ${host.refused}`, ExitCode.Usage);
  return new ToolError(launchError(new PipelineError(host.error ?? otherwise!), line), ExitCode.Usage);
}

/** The factories of a line's elements, and the tables of those that the board serves. */
export function usedBy(
  { graph }: Standing,
  elements: readonly BoardElement[],
): { factories: Set<string>; own: BoardElement[] } {
  const factories = new Set(graph.map((e) => e.factory));
  return { factories, own: elements.filter((t) => factories.has(t.name)) };
}

/** Whether all pads have caps. */
function isNegotiated(graph: readonly GraphElement[]): boolean {
  return graph.every((e) => e.caps.every((c) => c));
}

function readGraph(core: Core): GraphElement[] {
  const r = core.query(Query.Graph);
  if (typeof r === "number") throw new ToolError("the core does not tell its graph");
  const out: GraphElement[] = [];
  for (let n = r.int(); n > 0; n--) {
    const name = r.text();
    const factory = r.text();
    r.int();
    const caps: string[] = [];
    const names = [name];
    for (let pads = r.int(); pads > 0; pads--) {
      names.push(r.text());
      r.int();
      r.text();
      r.text();
      caps.push(r.text());
    }
    out.push({ names, factory, caps });
  }
  return out;
}

function ringOf(core: Core): number {
  const r = core.query(Query.Ring);
  if (typeof r === "number") throw new ToolError("the core has no completion ring");
  return r.int();
}

/** A sealed module standing where its image begins. */
function standSealed(module: WebAssembly.Module, made: Standing): Trial {
  const host = new ModelHost([]);
  for (const [handle, instance] of made.host.instances) host.instances.set(handle, instance);
  for (const [token, op] of made.host.pending) host.pending.set(token, op);
  const instance = new WebAssembly.Instance(module, { g2g: importsOf(host) });
  const exports = instance.exports as unknown as CoreExports;
  const { memory } = exports;
  host.attach(memory);
  return {
    host,
    ring: made.ring,
    core: {
      step: (now, work) => exports.step(now, work),
      u8: new Uint8Array(memory.buffer),
      view: new DataView(memory.buffer),
    },
  };
}

/** Words that messages are made of. */
function messageWords(): Set<string> {
  const words = new Set<string>();
  for (const file of filesUnder("assembly", (f) => f.endsWith(".ts") && !f.includes("__tests__"))) {
    const text = readFileSync(path.join(root, file), "utf8");
    for (const [, word] of text.matchAll(/addAtom\(Atom\.(\w+)\)/g)) words.add(word.replaceAll("_", "-"));
  }
  return words;
}

/** Empties the texts of words that no message of a sealed pipeline has; elements and pads have atoms of their own. */
function forgetWords(exports: FrozenExports, memory: Uint8Array, keep: ReadonlySet<string>): void {
  const view = new DataView(memory.buffer);
  for (let i = 0; i < exports.word_count(); i++) {
    const from = exports.words() + view.getUint16(exports.word_offsets() + 2 * i, true);
    const to = exports.words() + view.getUint16(exports.word_offsets() + 2 * i + 2, true);
    const word = Buffer.from(memory.subarray(from, to)).toString();
    if (!keep.has(word.replaceAll("_", "-"))) memory.fill(0, from, to);
  }
}

/** The functions that a pipeline calls in all manners that it is tried with, and when it ends or fails. */
async function called(input: SealInput, made: Standing): Promise<Set<string>> {
  const plain = await seal({ ...input, optimize: false });
  const { wasm, marks, names } = watch(plain, input.memory);
  const module = new WebAssembly.Module(Uint8Array.from(wasm));
  const found = new Set<string>();
  for (const manner of [...MANNERS, ...ENDINGS]) {
    const trial = standSealed(module, made);
    tryPipeline(trial, manner);
    names.forEach((name, i) => trial.core.u8[marks + i] && found.add(name));
  }
  return found;
}

/** What goes wrong with a pipeline in one of the manners that it is tried with, or empty. */
function tryAll(stand: () => Trial): string {
  for (const manner of MANNERS) {
    const { failure } = tryPipeline(stand(), manner);
    if (failure) return `${manner.name}: ${failure}`;
  }
  for (const manner of ENDINGS) {
    const { failure, trapped } = tryPipeline(stand(), manner);
    if (trapped) return `${manner.name}: ${failure}`;
  }
  return "";
}

/** `tryAll` of a sealed module. */
function trySealed(wasm: Uint8Array, made: Standing): string {
  const module = new WebAssembly.Module(Uint8Array.from(wasm));
  return tryAll(() => standSealed(module, made));
}

/** How much a pipeline takes of each stock; see assembly/abi/frozen.ts. */
type Stocks = ReadonlyMap<number, number>;

/** Kinds of records, and pieces of all sizes, that a core keeps; pools of blocks follow. */
const FIRST_POOL = 32;
const PIECES_FROM = 4;
const PIECES = 15;

function stocksIn(exports: FrozenExports): Map<number, number> {
  const out = new Map<number, number>();
  for (let which = 0; which < PIECES_FROM + PIECES; which++) out.set(which, exports.stock(which));
  for (let which = FIRST_POOL; exports.stock(which) >= 0; which++) out.set(which, exports.stock(which));
  return out;
}

/** The most that a pipeline takes of each stock in any manner that it is tried with, and whether a trial was cut short. */
function stocksOf(stand: () => Standing): { stocks: Stocks; misread: string } {
  const most = new Map<number, number>();
  let cut = "";
  for (const manner of [...MANNERS, ...ENDINGS]) {
    const trial = stand();
    const exports = trial.core.exports as FrozenExports;
    const { failure, trapped, misread } = tryPipeline(trial, manner);
    cut ||= misread;
    if (failure && (trapped || !manner.then)) {
      throw new ToolError(`the line was tried at the desk and failed (${manner.name}: ${failure})`);
    }
    // A pool that an element has made anew would be another one.
    for (const [which, made] of stocksIn(exports)) most.set(which, Math.max(most.get(which) ?? 0, made));
  }
  return { stocks: most, misread: cut };
}

/** The most allocations of any trial; 0 when a pipeline takes nothing from the heap as it runs. */
function allocationsOf(stand: () => Standing): number {
  let most = 0;
  for (const manner of MANNERS) {
    const trial = stand();
    const exports = trial.core.exports as FrozenExports;
    const before = exports.allocations();
    tryPipeline(trial, manner);
    most = Math.max(most, exports.allocations() - before);
  }
  return most;
}

/** The least room in the heap with which a pipeline runs in every manner; the least there can be unless it takes more than its stocks. */
function leastSpare(stand: (spare: number) => Standing): number {
  if (!allocationsOf(() => stand(MOST_SPARE))) return STEP;
  let low = STEP;
  let high = MOST_SPARE;
  while (high - low > STEP) {
    const middle = (low + high) >> 1;
    if (tryAll(() => stand(middle))) low = middle;
    else high = middle;
  }
  return high;
}

/** Makes what a pipeline will take, so that it takes nothing from the heap as it runs. */
function provide(exports: FrozenExports, stocks: Stocks): void {
  for (const [which, wanted] of stocks) {
    while (exports.stock(which) >= 0 && exports.stock(which) < wanted) {
      if (!exports.restock(which)) throw new ToolError(`the line needs more than ${WORKSHOP} bytes of memory`);
    }
  }
}
