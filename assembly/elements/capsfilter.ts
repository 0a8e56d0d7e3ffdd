import { intersectCaps } from "../caps/algebra";
import { Caps, capsRef } from "../caps/caps";
import { DESCRIPTOR, DESCRIPTOR_LENGTH, Prop } from "../generated/elements/capsfilter";
import { Element, templateOf } from "../graph/element";
import { handOn } from "../graph/filter";
import { Pad } from "../graph/pad";
import { newFactory } from "../registry/factory";

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, offsetof<Element>());
  f.work = handOn.index;
  f.padCaps = padCaps.index;
}

function padCaps(e: Element, pad: Pad): Caps {
  const caps = e.propCaps(Prop.caps);
  return caps ? intersectCaps(caps, templateOf(pad).caps) : capsRef(templateOf(pad).caps);
}
