import { createHash } from "node:crypto";
import { HostFault } from "./core/errors.js";
import type { RecordValue } from "./core/records.js";
import type { HostElement, HostElementFactory } from "./element.js";
import { FrameFlag } from "./generated/abi.js";
import { ELEMENTS } from "./generated/elements.js";
import type { InputFrame } from "./host/frame.js";
import { LaunchOptions, Pipeline, launch } from "./pipeline.js";
import { ElementTable, capsText } from "./table.js";

/** A stream of a media file. */
export interface ProbeStream {
  index: number;
  /** Name of the demuxer's pad. */
  pad: string;
  caps: string;
  tags: Tags;
}

/** Tags by name. */
export type Tags = Record<string, RecordValue | RecordValue[]>;

/** What a media file holds. Times are ns. */
export interface ProbeResult {
  file: string;
  /** Caps of the file itself. */
  container: string;
  /** The element that takes it apart. */
  demuxer: string;
  /** Null when it is not known. */
  duration: bigint | null;
  tags: Tags;
  streams: ProbeStream[];
}

/** A packet as it leaves the demuxer, or the parser behind it. Times are ns. */
export interface ProbePacket {
  stream: number;
  pts: bigint | null;
  dts: bigint | null;
  duration: bigint | null;
  /** Bytes. */
  size: number;
  key: boolean;
  /** MD5 of the bytes, hexadecimal. */
  md5: string;
}

/** How a file is probed. */
export interface ProbeOptions extends Pick<LaunchOptions, "memory" | "simd"> {
  /**
   * Whether parsers stand behind the demuxer; "auto" where the container does not keep packets apart (MPEG-TS), so that a
   * packet is an access unit there too.
   */
  parse?: "auto" | "always" | "never";
}

/** The media types whose packets are pieces that a parser has to cut. */
const UNFRAMED = ["video/mpegts"];

/** A path as the value of a property in a launch line. */
function quote(path: string): string {
  return path.replace(/[\s"'\\]/g, "\\$&");
}

function mediaOf(caps: string): string {
  return /^[^,;(]*/.exec(caps)![0].trim();
}

/** Values of the fields of a caps structure, lists taken apart; ranges are left out. */
function valuesOf(structure: string): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const [, name, list, one] of structure.matchAll(/([\w-]+)=(?:\(\w+\))?(?:\{([^}]*)\}|([^,;[]+))/g)) {
    out.set(
      name,
      (list ?? one).split(",").map((v) => v.trim()),
    );
  }
  return out;
}

/** Whether a structure of a pad's caps takes what fixed caps name: the media type, and the fields that both have. */
function takesCaps(structure: string, caps: string): boolean {
  if (mediaOf(structure) !== mediaOf(caps)) return false;
  const wanted = valuesOf(structure);
  return [...valuesOf(caps)].every(([name, [value]]) => wanted.get(name)?.includes(value) ?? true);
}

/** The best element of a class with a sink pad for some caps, or undefined. */
function elementFor(klass: RegExp, caps: string): ElementTable | undefined {
  const takes = (t: ElementTable): boolean =>
    (t.pads ?? []).some(
      (p) =>
        p.direction === "sink" &&
        capsText(p.caps)
          .split(";")
          .some((c) => takesCaps(c, caps)),
    );
  const fit = ELEMENTS.filter((t) => klass.test(t.klass ?? "") && !t.line && takes(t));
  return fit.sort((a, b) => (b.rank ?? 0) - (a.rank ?? 0))[0];
}

/** Finds out what a file is. */
async function identify(file: string, options: ProbeOptions): Promise<string> {
  const line = `filesrc location=${quote(file)} ! typefind name=type ! fakesink num-buffers=1`;
  await using pipeline = await launch(line, options);
  await pipeline.play();
  await pipeline.done;
  const caps = String(pipeline.element("type").get("caps"));
  if (!caps) throw new HostFault(`${file}: the type of the data is not known`);
  return caps;
}

/**
 * Tells what a media file holds.
 * @throws {PipelineError} when it cannot be read or taken apart
 * @throws {HostFault} when no element takes it apart
 */
export async function probe(file: string, options: ProbeOptions = {}): Promise<ProbeResult> {
  const container = await identify(file, options);
  const demuxer = elementFor(/Demux/, container);
  if (!demuxer) throw new HostFault(`${file}: no element takes ${container} apart`);
  const result: ProbeResult = { file, container, demuxer: demuxer.name, duration: null, tags: {}, streams: [] };
  await using pipeline = await launch(`filesrc location=${quote(file)} ! ${demuxer.name} name=demux`, options);
  const streams = readStreams(pipeline, result);
  await pipeline.play().catch(() => {});
  await streams;
  return result;
}

/** Takes in what the demuxer tells until all streams are known, or nothing more comes. */
async function readStreams(pipeline: Pipeline, result: ProbeResult): Promise<void> {
  for await (const m of pipeline.bus) {
    if (m.type === "pad-added") {
      result.streams.push({ index: result.streams.length, pad: m.pad, caps: m.caps, tags: {} });
    } else if (m.type === "tags") {
      const stream = result.streams.find((s) => s.pad === m.pad);
      Object.assign(stream ? stream.tags : result.tags, m.tags);
    } else if (m.type === "no-more-pads") break;
  }
  result.duration = pipeline.duration();
  // A file without any stream is told by the error.
  if (!result.streams.length) await pipeline.done;
}

/** Hands each frame on as a packet, in the order in which they come. */
class PacketSink implements HostElement {
  private caps = "";

  constructor(
    private readonly stream: number,
    private readonly take: (packet: ProbePacket, caps: string) => void,
  ) {}

  configure(_pad: number, caps: string): void {
    this.caps = caps;
  }

  frame(frame: InputFrame): void {
    const hash = createHash("md5");
    for (const part of frame.parts) hash.update(part);
    const { pts, dts, duration, size, flags } = frame;
    const key = (flags & FrameFlag.Delta) === 0;
    this.take({ stream: this.stream, pts, dts, duration, size, key, md5: hash.digest("hex") }, this.caps);
    frame.release();
  }
}

/**
 * Reads all packets of a media file, in the order in which they leave the demuxer.
 * @param streams what `probe` found
 * @param take called with each packet and its caps
 * @throws {PipelineError} when the file is damaged; the packets before have been given
 */
export async function probePackets(
  found: ProbeResult,
  take: (packet: ProbePacket, caps: string) => void,
  options: ProbeOptions = {},
): Promise<void> {
  const when = options.parse ?? "auto";
  const parse = when === "always" || (when === "auto" && UNFRAMED.includes(mediaOf(found.container)));
  const sinks: HostElementFactory = {
    table: { name: "packetsink", pads: [{ name: "sink", direction: "sink", caps: "ANY" }] },
    create: (context) => new PacketSink(Number(context.name.slice(1)), take),
  };
  const branches = found.streams.map((s) => {
    const parser = parse ? elementFor(/Parser/, s.caps) : undefined;
    return `demux.${s.pad} ! ${parser ? `${parser.name} ! ` : ""}packetsink name=s${s.index}`;
  });
  const line = `filesrc location=${quote(found.file)} ! ${found.demuxer} name=demux  ${branches.join("  ")}`;
  await using pipeline = await launch(line, { ...options, elements: [sinks] });
  await pipeline.play();
  await pipeline.done;
}
