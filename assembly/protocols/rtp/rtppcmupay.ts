import { DESCRIPTOR, DESCRIPTOR_LENGTH } from "../../generated/elements/rtppcmupay";
import { Atom } from "../../generated/words";
import { Element } from "../../graph/element";
import { newFactory } from "../../registry/factory";
import { AudioPay, audioPayEvent, flushAudioPay, frameAudio, payAudio, startAudioPay, stopAudioPay } from "./audiopay";

/** The payload type of PCMU at 8000 Hz (RFC 3551 table 4). */
const TYPE: u32 = 0;

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, offsetof<AudioPay>());
  f.start = start.index;
  f.stop = stopAudioPay.index;
  f.work = payAudio.index;
  f.event = audioPayEvent.index;
  f.flush = flushAudioPay.index;
  f.changed = frameAudio.index;
}

function start(e: Element): i32 {
  return startAudioPay(changetype<AudioPay>(e), Atom.PCMU, TYPE);
}
