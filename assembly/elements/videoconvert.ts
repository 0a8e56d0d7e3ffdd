import { Owner, alloc, allocAligned, free, heap } from "../base/heap";
import { intersectCaps, subsetCaps } from "../caps/algebra";
import { Caps, capsRef, capsUnref, copyCaps, newCaps, sameCaps } from "../caps/caps";
import { fixateCaps } from "../caps/fixate";
import { Kind } from "../caps/value";
import { Block, BlockPool, blockUnref, closeBlockPool } from "../core/block";
import { Event, EventType } from "../core/event";
import { Frame, copyProperties, frameUnref, newFrame } from "../core/frame";
import { MetaFlag } from "../core/meta";
import { NONE } from "../core/time";
import { CopyReason } from "../generated/abi";
import { ChromaMode, DESCRIPTOR, DESCRIPTOR_LENGTH, Prop } from "../generated/elements/videoconvert";
import { Code } from "../generated/errors";
import { Atom } from "../generated/words";
import { BLOCK_ALIGN, blockFor, choosePool } from "../graph/allocation";
import { addAtom, addInt, beginReport, failMemory, sendError } from "../graph/bus";
import { Element, ElementFlag, Work, bookCopy, push, room, templateOf } from "../graph/element";
import { handleEvent } from "../graph/filter";
import { asEvent, asFrame, isEvent, peek, take } from "../graph/link";
import { negotiate, plan } from "../graph/negotiate";
import { Pad } from "../graph/pad";
import { pipeline, spend } from "../graph/pipeline";
import { Query, QueryType } from "../graph/query";
import { transformCaps } from "../graph/relation";
import { newFactory } from "../registry/factory";
import { CONVERTER_SIZE, VideoConverter, Way } from "../video/converter";
import { pixelFormatAtom, pixelFormatOf } from "../video/format";
import { formatLoss } from "../video/formatloss";
import { addColors } from "../video/outputcolors";

@unmanaged
class VideoConvert extends Element {
  pool: BlockPool | null;
  /** The frame that is being converted, and the block that the picture is made in. */
  frame: Frame | null;
  block: Block | null;
  /** Address of the picture that comes in. */
  source: usize;
  /** The next pair of rows. */
  pair: u32;
  /** Work of a pair, of a step's. */
  effort: i32;
  scratch: usize;
  /** A picture whose bytes do not lie together, 0 until there was one. */
  gathered: usize;
  /** Nothing is known of the pictures yet, or they cannot be converted. */
  lost: bool;
  converter_: u64;

  @inline
  get converter(): VideoConverter {
    return changetype<VideoConverter>(changetype<usize>(this) + offsetof<VideoConvert>("converter_"));
  }
}

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, offsetof<VideoConvert>("converter_") + CONVERTER_SIZE);
  f.start = start.index;
  f.stop = stop.index;
  f.work = work.index;
  f.event = event.index;
  f.flush = flush.index;
  f.query = query.index;
  f.transform = transform.index;
  f.fixate = fixate.index;
}

function start(e: Element): i32 {
  changetype<VideoConvert>(e).lost = true;
  return 0;
}

function stop(e: Element): void {
  const self = changetype<VideoConvert>(e);
  drop(self);
  forget(self);
}

/** Gives back what was made for the pictures that came so far. */
function forget(self: VideoConvert): void {
  closeBlockPool(self.pool);
  self.pool = null;
  free(self.scratch);
  self.scratch = 0;
  free(self.gathered);
  self.gathered = 0;
}

function flush(e: Element, pad: Pad): void {
  drop(changetype<VideoConvert>(e));
}

/** Drops the frame that is being converted. */
function drop(self: VideoConvert): void {
  if (self.frame) frameUnref(self.frame!);
  if (self.block) blockUnref(self.block!);
  self.frame = null;
  self.block = null;
}

/** All that a picture is but its colors stays the same. */
function transform(e: Element, from: Pad, caps: Caps, to: Pad): Caps {
  const own = templateOf(to).caps;
  if (caps.any) return capsRef(own);
  const loose = copyCaps(caps);
  for (let i: u32 = 0; i < loose.count; i++) {
    const s = loose.at(i);
    s.unset(Atom.format);
    s.unset(Atom.colorimetry);
    s.unset(Atom.chroma_site);
  }
  const out = intersectCaps(loose, own);
  capsUnref(loose);
  return out;
}

/** Takes the format in which least is lost of what comes in; the rest as near to that as there is. */
function fixate(e: Element, pad: Pad, caps: Caps, input: Caps): Caps {
  const from = pixelFormatOf(input.getString(Atom.format));
  let least: u32 = 0xffffffff;
  let best: u32 = 0;
  let format: u32 = 0;
  for (let i: u32 = 0; i < caps.count; i++) {
    const v = caps.at(i).find(Atom.format);
    if (!v) continue;
    for (let k: u32 = 0; k < v.alternatives; k++) {
      const one = v.alternative(k);
      const to = one.kind == Kind.String ? pixelFormatOf(<u32>one.a) : 0;
      const loss = formatLoss(from, to);
      if (loss >= least) continue;
      least = loss;
      best = i;
      format = pixelFormatAtom(to);
    }
  }
  if (!format) return fixateCaps(caps, input);
  const chosen = newCaps();
  chosen.addCopy(caps.at(best));
  chosen.setString(Atom.format, format);
  const out = fixateCaps(chosen, input);
  capsUnref(chosen);
  return out;
}

function query(e: Element, pad: Pad, q: Query): bool {
  if (q.type != QueryType.Allocation) return false;
  // Frames that go on untouched are those of whoever is downstream; others end here.
  const link = e.src!.link;
  const planned = link ? link.planned : null;
  if (!planned || !q.caps || sameCaps(planned, q.caps!)) return false;
  q.shape.min++;
  return true;
}

function event(e: Element, pad: Pad, event: Event): bool {
  const self = changetype<VideoConvert>(e);
  if (event.type != EventType.Caps || !event.caps) return false;
  forget(self);
  self.lost = true;
  if (sendCaps(self, pad, event.caps!)) self.lost = !prepare(self);
  // What follows would go out under caps that it does not have.
  if (self.lost) e.set(ElementFlag.Failed);
  return true;
}

/** Sends the caps that were planned, with what they leave open of the colors; false after an error was posted. */
function sendCaps(self: VideoConvert, pad: Pad, caps: Caps): bool {
  const src = self.src!;
  heap().failedOwner = 0;
  const image = transformCaps(self, pad, caps, src);
  let planned: Caps | null = src.link ? src.link!.planned : null;
  if (!planned || !planned.isFixed() || !subsetCaps(planned, image)) planned = src.link ? plan(src, image) : image;
  let ok = false;
  if (planned) {
    const full = addColors(planned, caps);
    if (heap().failedOwner) failMemory(self);
    else ok = negotiate(src, full);
    capsUnref(full);
  }
  capsUnref(image);
  return ok;
}

/** Prepares the conversion between the caps of both pads; false after an error was posted. */
function prepare(self: VideoConvert): bool {
  const c = self.converter;
  const from = self.sink!.caps!;
  const to = self.src!.caps!;
  if (!c.from.fromCaps(from) || !c.to.fromCaps(to)) {
    beginReport(self, Code.PictureTooLarge, -1, NONE);
    addInt(from.getInt(Atom.width, 0));
    addInt(from.getInt(Atom.height, 0));
    sendError(self);
    return false;
  }
  if (!c.choose(self.propInt(Prop.chroma_mode) != ChromaMode.none)) {
    beginReport(self, Code.Unsupported, -1, NONE);
    addAtom(to.getString(Atom.format));
    sendError(self);
    return false;
  }
  if (c.way == Way.Nothing) return true;
  self.scratch = allocAligned(c.scratchSize, 16, Owner.Element);
  if (self.scratch) self.pool = choosePool(self.src!, c.to.size, 1, BLOCK_ALIGN);
  if (!self.pool) {
    failMemory(self);
    return false;
  }
  c.prepare(self.scratch);
  // About a nanosecond a byte.
  self.effort = 1 + <i32>(((c.from.size + c.to.size) / c.pairs) >> 10);
  return true;
}

function work(e: Element): i32 {
  const self = changetype<VideoConvert>(e);
  const pad = e.sink!;
  const link = pad.link;
  if (!link) return Work.Idle;
  while (!e.has(ElementFlag.Failed)) {
    if (pipeline().budget <= 0) return Work.Again;
    if (self.frame) {
      convert(self);
      continue;
    }
    if (link.head == link.tail || !room(e.src!)) return Work.Idle;
    spend(1);
    const packet = peek(link);
    if (isEvent(packet)) handleEvent(e, pad, asEvent(take(link)));
    else if (self.lost) {
      const frame = asFrame(take(link));
      beginReport(e, Code.NoCaps, frame.offset, frame.pts);
      sendError(e);
      frameUnref(frame);
    } else if (self.converter.way == Way.Nothing) push(e.src!, asFrame(take(link)));
    else {
      const block = blockFor(self, self.pool!);
      if (!block) return Work.Idle;
      begin(self, asFrame(take(link)), block);
    }
  }
  return Work.Idle;
}

/** Begins to convert a frame into a block; takes both over. */
function begin(self: VideoConvert, frame: Frame, block: Block): void {
  self.frame = frame;
  self.block = block;
  self.pair = 0;
  const from = self.converter.from;
  if (frame.size < from.size) {
    beginReport(self, Code.ShortPicture, frame.offset, frame.pts);
    addInt(frame.size);
    addInt(from.size);
    addInt(from.width);
    addInt(from.height);
    addAtom(pixelFormatAtom(from.format));
    sendError(self);
    return;
  }
  self.source = together(self, frame);
  if (!self.source) {
    failMemory(self);
    return;
  }
  self.converter.begin(block.data);
}

/** Address of a frame's picture, copied if it does not lie together; 0 when the heap has no room. */
function together(self: VideoConvert, frame: Frame): usize {
  const size = self.converter.from.size;
  const p = frame.slices.stretch(0, size);
  if (p) return p;
  if (!self.gathered) self.gathered = alloc(size, Owner.Element);
  if (!self.gathered) return 0;
  frame.slices.copyOut(0, self.gathered, size);
  spend(<i32>(size >> 12));
  bookCopy(self, CopyReason.Gather, size);
  return self.gathered;
}

/** Converts as many rows as the work that is left allows, and sends the picture when it is whole. */
function convert(self: VideoConvert): void {
  const c = self.converter;
  const target = self.block!.data;
  while (self.pair < c.pairs) {
    c.convert(self.source, target, self.pair++);
    spend(self.effort);
    if (pipeline().budget <= 0) return;
  }
  const out = newFrame();
  if (!out || !out.append(target, self.block!, c.to.size, 0)) {
    if (out) frameUnref(out);
    failMemory(self);
    return;
  }
  copyProperties(out, self.frame!, MetaFlag.Content);
  drop(self);
  push(self.src!, out);
}
