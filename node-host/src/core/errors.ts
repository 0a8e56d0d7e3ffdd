import { HostError } from "../generated/abi.js";
import { ERRORS } from "../generated/errors.js";
import { RecordReader, RecordValue } from "./records.js";
import { formatTime, timeOf } from "./time.js";

/** What a HostError means. */
const HOST_ERRORS: Record<number, string> = {
  [HostError.NotFound]: "it does not exist",
  [HostError.Denied]: "permission is denied",
  [HostError.Exists]: "it exists already",
  [HostError.IsDirectory]: "it is a directory",
  [HostError.NoSpace]: "there is no space left",
  [HostError.Invalid]: "the request is not valid",
  [HostError.Io]: "the device reports an error",
  [HostError.Cancelled]: "it was cancelled",
  [HostError.Unsupported]: "that is not supported",
  [HostError.Busy]: "it is busy",
  [HostError.TooMany]: "too many are open",
  [HostError.BrokenPipe]: "nobody reads it any more",
  [HostError.TimedOut]: "it took too long",
  [HostError.NoMemory]: "there is not enough memory",
  [HostError.Closed]: "it is closed",
};

/** The words for a HostError. */
export function hostErrorText(error: number): string {
  return HOST_ERRORS[error] ?? `error ${error}`;
}

/** What a report (error, warning, info) of the core says. */
export interface Report {
  /** Number of the message in tables/errors.json. */
  code: number;
  /** Name of the code, such as `CannotOpen`. */
  name: string;
  /** Name of the element; empty for the pipeline. */
  element: string;
  /** Where in the element's input, bytes; null when it is not known. */
  offset: number | null;
  /** Where in the stream, ns; null when it is not known. */
  time: bigint | null;
  /** The reason, without element, place and hint. */
  reason: string;
  /** What would help; empty when there is nothing to say. */
  hint: string;
  /** Element, place, reason and hint in one sentence. */
  text: string;
  /** The arguments of the message as the core sent them. */
  args: RecordValue[];
}

/** Whole numbers that a property of a type can hold: int, uint, int64, uint64. */
const RANGES: Record<string, [string, string]> = {
  2: ["-2147483648", "2147483647"],
  3: ["0", "4294967295"],
  4: ["-9223372036854775808", "9223372036854775807"],
  5: ["0", "9223372036854775807"],
};

/** Fills {n} and {n*} in; undefined when every argument that is named is empty or missing. */
function fill(template: string, args: string[]): string | undefined {
  let named = 0;
  let given = 0;
  const text = template.replace(/\{(\d+)(\*?)\}/g, (_, n: string, star: string) => {
    const value = star
      ? args
          .slice(Number(n))
          .filter((a) => a !== "")
          .join(", ")
      : (args[Number(n)] ?? "");
    named++;
    if (value) given++;
    return value;
  });
  return named && !given ? undefined : text;
}

/** Reads a report out of the records of an error, warning or info. */
export function readReport(records: Uint8Array): Report {
  const r = new RecordReader(records);
  const code = r.int();
  const element = r.text();
  const offset = r.int();
  const time = timeOf(r.big());
  const args = r.rest();
  return makeReport(code, element, offset < 0 ? null : offset, time, args);
}

/** Makes the texts of a report. */
export function makeReport(
  code: number,
  element: string,
  offset: number | null,
  time: bigint | null,
  args: RecordValue[],
): Report {
  const entry = ERRORS[code] ?? { name: `Code${code}`, text: `error ${code}: {0*}` };
  const words = args.map((a, i) => {
    const choice = entry.choices?.[i]?.[Number(a)];
    if (choice !== undefined) return choice;
    // A host may put its own words in the place of a number.
    return entry.hostErrors?.includes(i) && typeof a !== "string" ? hostErrorText(-Math.abs(Number(a))) : String(a);
  });
  let hint: string | undefined;
  if (entry.hint) hint = entry.hint;
  else if (entry.hints) {
    const by = words[Number(entry.hints.by)];
    const chosen = entry.hints[by];
    if (typeof chosen === "string") hint = chosen;
    // A property without limits of its own has those of its type.
    const range = RANGES[by];
    if (entry.name === "BadValue" && range) for (const k of [0, 1]) words[5 + k] ||= range[k];
  }
  const reason = fill(entry.text, words) ?? entry.text.replace(/\{\d+\*?\}/g, "").trim();
  const report = {
    code,
    name: entry.name,
    element,
    offset,
    time,
    args,
    reason,
    hint: (hint && fill(hint, words)) ?? "",
  };
  return { ...report, text: sentence(report) };
}

/** One sentence: element, place, reason, hint. */
function sentence(r: Omit<Report, "text">): string {
  const place: string[] = [];
  if (r.offset !== null) place.push(`at byte ${r.offset}`);
  if (r.time !== null) place.push(`at ${formatTime(r.time)}`);
  const where = [r.element, ...place].filter((s) => s).join(" ");
  return `${where ? `${where}: ` : ""}${r.reason}${r.hint ? `; ${r.hint}` : ""}`;
}

/** A pipeline that failed, or a launch line that could not be built. Its message is the report's sentence. */
export class PipelineError extends Error {
  override readonly name = "PipelineError";

  /** @param report what the core said */
  constructor(
    readonly report: Report,
    options?: ErrorOptions,
  ) {
    super(report.text, options);
  }

  /** Number of the message in tables/errors.json. */
  get code(): number {
    return this.report.code;
  }

  /** Name of the element; empty for the pipeline. */
  get element(): string {
    return this.report.element;
  }
}

/** The core ended with a trap: a fault of the core itself. The instance cannot be used any more. */
export class CoreTrap extends Error {
  override readonly name = "CoreTrap";
}

/** The use of this library is wrong, or the host broke its own rules. */
export class HostFault extends Error {
  override readonly name = "HostFault";
}
