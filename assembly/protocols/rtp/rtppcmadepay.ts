import { DESCRIPTOR, DESCRIPTOR_LENGTH } from "../../generated/elements/rtppcmadepay";
import { Atom } from "../../generated/words";
import { Element } from "../../graph/element";
import { newFactory } from "../../registry/factory";
import { AudioDepay, audioDepayEvent, startAudioDepay } from "./audiodepay";
import { depay, flushDepay, stopDepay } from "./depay";

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, offsetof<AudioDepay>());
  f.start = start.index;
  f.stop = stopDepay.index;
  f.work = depay.index;
  f.event = audioDepayEvent.index;
  f.flush = flushDepay.index;
}

function start(e: Element): i32 {
  return startAudioDepay(changetype<AudioDepay>(e), Atom.audio_x_alaw);
}
