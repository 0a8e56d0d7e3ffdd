// The command lines of the hosts, for tests that both have to pass.
import { test } from "node:test";
import { buildHost } from "../../scripts/lib/native.mjs";
import { cli, g2g, start } from "./g2g.mjs";

const { program, missing } = buildHost({ quiet: true });

/** A command line: `run` runs it to its end, `start` starts it, as in g2g.mjs. */
class Host {
  /** @param missing why it cannot be had here */
  constructor(name, command, missing) {
    this.name = name;
    this.program = command[0];
    this.missing = missing;
    this.run = (args, options) => g2g(args, { command, ...options });
    this.start = (args, options) => start(args, { command, ...options });
  }
}

export const NODE = new Host("node", [process.execPath, cli]);
export const NATIVE = new Host("native", [program], missing);

/**
 * Makes a test for each host.
 * @param body gets the test's context and the host
 * @param without by a host's name, why it is left out
 */
export function onHosts(name, body, without = {}) {
  for (const host of [NODE, NATIVE]) {
    const skip = host.missing ?? without[host.name] ?? false;
    test(`${name} (${host.name})`, { skip }, (t) => body(t, host));
  }
}
