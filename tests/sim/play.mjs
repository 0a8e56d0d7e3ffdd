// Small pipelines in virtual time, for tests that look at one thing.
import { Code, State, loadModule } from "./core.mjs";
import { Fault } from "./fault.mjs";
import { SimHost } from "./host.mjs";
import { Random } from "./random.mjs";
import { drawStyle } from "./scenario.mjs";
import { FACTORIES } from "./tables.mjs";

const module = loadModule();

/** Launches a line. @param options see SimHost @returns the host, in NULL */
export function launch(line, options = {}) {
  const host = new SimHost(module, { factories: FACTORIES, ...options });
  const code = host.launch(line);
  if (code) throw new Fault(`launch answers ${code}: ${host.errors()}`);
  return host;
}

/** Goes to PLAYING and on until nothing happens any more. @returns the host; `how` is how it ended */
export function play(line, options) {
  const host = launch(line, options);
  host.setState("Playing");
  host.how = host.run();
  return host;
}

/** Lets time go on until an instant, ns, in which everything that can happen happens. */
export function runUntil(host, time) {
  let reached = false;
  host.later(Math.max(time - host.now, 0), () => (reached = true));
  return host.run(() => reached);
}

/** Identities of the frames that a sink got, in order. */
export const idsOf = (host, sink) => host.elements.get(sink).got.map((e) => e.header.id);

/** Identities of the frames n from `from` that a source makes. */
export const made = (source, n, from = 0) => Array.from({ length: n }, (_, i) => `${source}.${from + i}`);

/** The first error that was posted: { code: its name, element, args }, or null. */
export function firstError(host) {
  const [message] = host.posted("Error");
  if (!message) return null;
  const [code, element, , , ...args] = message.records;
  return { code: Code[code], element, args };
}

/** The names of the states that were reached, in order. */
export const statesOf = (host) =>
  host.posted("StateChanged").map((m) => Object.keys(State).find((name) => State[name] === m.records[2]));

/** The habits of a host that a seed chooses. */
export const styleOf = (seed) => drawStyle(new Random(seed));
