import { Divergence, ReplayResult, replay } from "../record/replay.js";
import { ExitCode } from "./exit.js";
import { describeMessage } from "./message.js";

/** How often a recording begins again, behind its other numbers; empty when it does not. */
export function restartsText({ restarts }: ReplayResult): string {
  return restarts ? `, began again ${restarts} times` : "";
}

/** What is wrong with how a recording ends, each of them behind its name. */
export function endingsOf({ trap, torn, complete }: ReplayResult): string[] {
  const out: string[] = [];
  if (trap !== null) out.push(`ends with a trap: ${trap}`);
  if (torn !== null) out.push(`ends before its run: ${torn}`);
  else if (!complete && trap === null) out.push("was cut off");
  return out;
}

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
    const again = restartsText(result);
    process.stdout.write(`as recorded: ${result.steps} steps, ${result.messages} messages${files}${again}\n`);
    for (const ending of endingsOf(result)) say(`the recording ${ending}`);
    return Promise.resolve(ExitCode.Ok);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    say(`error: ${error.message}`);
    return Promise.resolve(error instanceof Divergence ? ExitCode.Diverged : ExitCode.Failed);
  }
}
