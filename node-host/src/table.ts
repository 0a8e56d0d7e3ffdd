/** What an element is, as tables and `inspect` have it. */
export interface ElementTable {
  /** Name in launch lines. */
  name: string;
  /** Class, such as "Source/File". */
  klass?: string;
  /** Purpose, one line. */
  doc?: string;
  /** A launch line that shows it. */
  example?: string;
  /** Preference among elements that would do; higher is better. */
  rank?: number;
  /** Flags: bin, hidden, ranges, no-end, aggregator, late-caps. */
  flags?: string[];
  /** Further names. */
  aliases?: string[];
  /** For a bin: the elements it stands for. */
  line?: string;
  /** How the caps of the pads depend on each other: "none", "same", or the fields that both sides share. */
  relation?: string | string[];
  pads?: PadTable[];
  properties?: PropertyTable[];
}

/** A pad of an element. */
export interface PadTable {
  /** Name; "video_%u" for pads that are made as needed. */
  name: string;
  direction: "src" | "sink";
  /** always (the default), sometimes or request. */
  presence?: string;
  /** What it can carry: "ANY", or structures in GStreamer's notation. */
  caps?: string | string[];
  /** What it would like best. */
  prefer?: string | string[];
}

/** A property of an element. */
export interface PropertyTable {
  name: string;
  /** boolean, int, uint, int64, uint64, double, string, enum, fraction or caps. */
  type: string;
  default?: string | number;
  min?: string | number;
  max?: string | number;
  /** For an enum: number and meaning of each word. */
  values?: Record<string, [number, string]>;
  /** readonly; before: can only be set before the pipeline starts. */
  flags?: string[];
  /** What it does, one line. */
  doc?: string;
}

/** Caps of a table as one text. */
export function capsText(caps: string | string[] | undefined): string {
  const text = Array.isArray(caps) ? caps.join("; ") : (caps ?? "");
  return text === "ANY" ? "" : text;
}
