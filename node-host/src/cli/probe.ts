import { formatTime } from "../core/time.js";
import { ProbeOptions, ProbeResult, Tags, probe, probePackets } from "../probe.js";
import { ExitCode } from "./exit.js";
import { toJson } from "./json.js";

/** Bytes of output that are gathered before they are written. */
const BATCH = 1 << 16;

/** `g2g probe`: the exit code. */
export async function probeCommand(file: string, options: Record<string, unknown>): Promise<number> {
  const parse = options.parse as ProbeOptions["parse"];
  if (parse !== "auto" && parse !== "always" && parse !== "never") {
    process.stderr.write(`error: --parse is auto, always or never, not "${String(parse)}"\n`);
    return ExitCode.Usage;
  }
  const settings: ProbeOptions = { memory: options.maxMemory as number | undefined, parse };
  try {
    const found = await probe(file, settings);
    if (options.packets) await printPackets(found, settings);
    else process.stdout.write(options.json ? `${toJson(found, 2)}\n` : describe(found));
    return ExitCode.Ok;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    return ExitCode.Failed;
  }
}

async function printPackets(found: ProbeResult, settings: ProbeOptions): Promise<void> {
  let text = "";
  try {
    await probePackets(
      found,
      (packet) => {
        text += `${toJson(packet)}\n`;
        if (text.length < BATCH) return;
        process.stdout.write(text);
        text = "";
      },
      settings,
    );
  } finally {
    process.stdout.write(text);
  }
}

function describe(r: ProbeResult): string {
  const out = [
    `${r.file}: ${r.container}${r.duration === null ? "" : `, ${formatTime(r.duration)}`}`,
    ...tagLines(r.tags, "  "),
  ];
  for (const s of r.streams) out.push(`  stream ${s.index} (${s.pad}): ${s.caps}`, ...tagLines(s.tags, "    "));
  return `${out.join("\n")}\n`;
}

function tagLines(tags: Tags, indent: string): string[] {
  return Object.entries(tags).map(([name, value]) => `${indent}${name}: ${[value].flat().map(String).join(", ")}`);
}
