import { Frame, frameRef, frameUnref } from "../core/frame";
import { DESCRIPTOR, DESCRIPTOR_LENGTH, Prop } from "../generated/elements/tee";
import { Element, addPad, push } from "../graph/element";
import { filterWork } from "../graph/filter";
import { Pad } from "../graph/pad";
import { padName } from "../graph/request";
import { newFactory } from "../registry/factory";

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, offsetof<Element>());
  f.work = work.index;
  f.request = request.index;
}

function request(e: Element, template: u32, name: u32): Pad | null {
  const pad = addPad(e, template, padName(e, template, name));
  store<i64>(e.slot(Prop.num_src_pads), e.srcs);
  return pad;
}

function work(e: Element): i32 {
  return filterWork(e, chain.index);
}

function chain(e: Element, pad: Pad, frame: Frame): void {
  for (let p = e.src; p; p = p!.next) push(p, frameRef(frame));
  frameUnref(frame);
}
