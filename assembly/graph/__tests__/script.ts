import { freshCore, launchText, runUntilIdle } from "../../abi/__tests__/core";
import { set_state } from "../../abi/exports";
import { must } from "../../base/__tests__/region";
import { capsUnref } from "../../caps/caps";
import { parseCaps } from "../../caps/parse";
import { EventType, eventUnref, newEvent } from "../../core/event";
import { newBlock, blockUnref } from "../../core/block";
import { newFrame, frameUnref } from "../../core/frame";
import { Format } from "../../core/segment";
import { NONE } from "../../core/time";
import { register as registerCapsfilter } from "../../elements/capsfilter";
import { register as registerFakesink } from "../../elements/fakesink";
import { register as registerFakesrc } from "../../elements/fakesrc";
import { register as registerFunnel } from "../../elements/funnel";
import { register as registerIdentity } from "../../elements/identity";
import { register as registerQueue } from "../../elements/queue";
import { register as registerTee } from "../../elements/tee";
import { State } from "../../generated/abi";
import { atomData, atomLength, atomOf } from "../../registry/atom";
import { newFactory } from "../../registry/factory";
import { Descriptor } from "../../registry/__tests__/descriptors";
import { findElement } from "../build";
import { Element, ElementFlag, Work, noteEvent, push, pushEvent } from "../element";
import { asEvent, asFrame, isEvent, take } from "../link";
import { negotiate } from "../negotiate";
import { wakeAt } from "../pipeline";
import { startPad, startSegment } from "../source";

/** Elements for tests of the graph: `script`, a source whose pads the test feeds, and `probe`, a sink that keeps a log. */

const SCRIPT = new Descriptor("script").counts(1, 0).pad("src", 1, 1, "").data();
const PROBE = new Descriptor("probe").counts(1, 0).pad("sink", 2, 1, "").data();

@unmanaged
class Probe extends Element {
  /** Packets that it takes before it takes no more; less than 0: all. */
  limit: i32;
}

/** What probes took, each with its element's name in front. */
let taken: string = "";

/** Far beyond what any test runs for, ns. */
const NEVER: i64 = 1 << 60;

function waitForever(e: Element): i32 {
  e.set(ElementFlag.Live);
  wakeAt(e, NEVER);
  return 0;
}

function noLimit(e: Element): i32 {
  changetype<Probe>(e).limit = -1;
  return 0;
}

function keepLog(e: Element): i32 {
  const pad = e.sink!;
  const link = pad.link!;
  while (link.head != link.tail && changetype<Probe>(e).limit) {
    changetype<Probe>(e).limit--;
    const packet = take(link);
    taken += ` ${word(e.name)}:`;
    if (!isEvent(packet)) {
      const f = asFrame(packet);
      taken += `${f.sequence}`;
      frameUnref(f);
      continue;
    }
    const event = asEvent(packet);
    noteEvent(pad, event);
    if (event.type == EventType.StreamStart) taken += "start";
    else if (event.type == EventType.Caps) taken += word(event.caps!.at(0).media);
    else if (event.type == EventType.Segment) taken += `segment${event.segment.start}`;
    else if (event.type == EventType.Gap) taken += "gap";
    else if (event.type == EventType.Eos) {
      taken += "eos";
      e.set(ElementFlag.Eos);
    } else taken += `event${event.type}`;
    eventUnref(event);
  }
  return Work.Idle;
}

/** The text of an atom. */
export function word(atom: u32): string {
  return String.UTF8.decodeUnsafe(atomData(atom), atomLength(atom));
}

/** The atom of a text. */
export function atom(text: string): u32 {
  const bytes = String.UTF8.encode(text);
  return atomOf(changetype<usize>(bytes), bytes.byteLength);
}

/** The element of a name. */
export function element(name: string): Element {
  return findElement(atom(name))!;
}

/** A core with the elements for tests and those without a format. */
export function prepareScript(): void {
  freshCore();
  taken = "";
  const script = newFactory(changetype<usize>(SCRIPT), SCRIPT.length, offsetof<Element>());
  script.start = waitForever.index;
  const probe = newFactory(changetype<usize>(PROBE), PROBE.length, offsetof<Probe>());
  probe.init = noLimit.index;
  probe.work = keepLog.index;
  registerCapsfilter();
  registerFakesink();
  registerFakesrc();
  registerFunnel();
  registerIdentity();
  registerQueue();
  registerTee();
}

/** Builds a line of script, probe and other elements and plays it. */
export function play(line: string): void {
  prepareScript();
  must(launchText(line) == 0, line);
  set_state(State.Playing);
  run();
}

/** Steps until nothing moves. */
export function run(): void {
  runUntilIdle(0);
}

/** Lets a probe take so many packets more, and none after. */
export function allow(probe: string, packets: i32): void {
  changetype<Probe>(element(probe)).limit = packets;
}

/** Begins the stream of a script's pad with caps; whether these could be negotiated. */
export function begin(script: string, caps: string, start: i64 = 0): bool {
  const pad = element(script).src!;
  const text = String.UTF8.encode(caps);
  const c = parseCaps(changetype<usize>(text), text.byteLength)!;
  const ok = startPad(pad, c);
  capsUnref(c);
  startSegment(pad, Format.Time, start);
  return ok;
}

/** Changes the caps of a script's stream; whether they could be negotiated. */
export function change(script: string, caps: string): bool {
  const text = String.UTF8.encode(caps);
  const c = parseCaps(changetype<usize>(text), text.byteLength)!;
  const ok = negotiate(element(script).src!, c);
  capsUnref(c);
  return ok;
}

/** Sends a frame with a number, a time and a size from a script. */
export function send(script: string, number: u32, pts: i64 = NONE, size: u32 = 0): void {
  const f = newFrame()!;
  f.sequence = number;
  f.pts = pts;
  if (size) {
    const b = newBlock(size)!;
    f.append(b.data, b, size, 0);
    blockUnref(b);
  }
  push(element(script).src!, f);
}

/** Sends an event of a type from a script. */
export function sendEvent(script: string, type: EventType, start: i64 = NONE, stop: i64 = NONE): void {
  const event = newEvent(type)!;
  event.start = start;
  event.stop = stop;
  pushEvent(element(script).src!, event);
}

/** What the probes took since this was last called. */
export function log(): string {
  const out = taken;
  taken = "";
  return out.length ? out.slice(1) : out;
}
