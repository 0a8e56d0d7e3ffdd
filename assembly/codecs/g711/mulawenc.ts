import { DESCRIPTOR, DESCRIPTOR_LENGTH } from "../../generated/elements/mulawenc";
import { Element } from "../../graph/element";
import { newFactory } from "../../registry/factory";
import { Compander, compand, compandEvent, startCompander, stopCompander } from "./companding";
import { encodeMulaw } from "./mulaw";

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, offsetof<Compander>());
  f.start = start.index;
  f.stop = stopCompander.index;
  f.work = compand.index;
  f.event = compandEvent.index;
}

function start(e: Element): i32 {
  return startCompander(changetype<Compander>(e), encodeMulaw.index, true, true);
}
