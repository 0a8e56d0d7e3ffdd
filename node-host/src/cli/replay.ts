import { Divergence, replay } from "../record/replay.js";
import { ExitCode } from "./exit.js";
import { describeMessage } from "./message.js";

/** `g2g replay`: the exit code. */
export function replayCommand(file: string, options: Record<string, unknown>): Promise<number> {
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const inputs: Record<string, string> = {};
  for (const pair of (options.input as string[] | undefined) ?? []) {
    const at = pair.indexOf("=");
    if (at < 1) {
      say(`error: --input takes NAME=FILE, not "${pair}"`);
      return Promise.resolve(ExitCode.Usage);
    }
    inputs[pair.slice(0, at)] = pair.slice(at + 1);
  }
  try {
    const result = replay(file, {
      core: options.core as string | undefined,
      output: options.output as string | undefined,
      inputs,
      onMessage: options.messages ? (m) => say(describeMessage(m)) : undefined,
    });
    const files = result.outputs.map((o) => `, ${o.bytes} bytes for ${o.path}`).join("");
    const again = result.restarts ? `, began again ${result.restarts} times` : "";
    process.stdout.write(`as recorded: ${result.steps} steps, ${result.messages} messages${files}${again}\n`);
    if (result.trap !== null) say(`the recording ends with a trap: ${result.trap}`);
    if (result.torn !== null) say(`the recording ends before its run: ${result.torn}`);
    else if (!result.complete && result.trap === null) say("the recording was cut off");
    return Promise.resolve(ExitCode.Ok);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    say(`error: ${error.message}`);
    return Promise.resolve(error instanceof Divergence ? ExitCode.Diverged : ExitCode.Failed);
  }
}
