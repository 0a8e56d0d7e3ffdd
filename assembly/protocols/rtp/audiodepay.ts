import { capsOf, capsUnref } from "../../caps/caps";
import { Event, EventType } from "../../core/event";
import { Frame, FrameFlag, frameUnref } from "../../core/frame";
import { ticksToNs } from "../../core/time";
import { Atom } from "../../generated/words";
import { Element, ElementFlag, push } from "../../graph/element";
import { passAsTime } from "../../graph/filter";
import { negotiate } from "../../graph/negotiate";
import { Pad } from "../../graph/pad";
import { RtpDepay, readCaps, startDepay } from "./depay";
import { RtpHeader } from "./header";

/** A depayloader of sound of one channel whose bytes are samples at the clock rate. */
@unmanaged
export class AudioDepay extends RtpDepay {
  /** Media type that comes out, an atom. */
  media: u32;
}

/** @returns 0, or a Code after an error was posted */
export function startAudioDepay(self: AudioDepay, media: u32): i32 {
  self.media = media;
  return startDepay(self, takeAudio.index);
}

export function audioDepayEvent(e: Element, pad: Pad, event: Event): bool {
  if (event.type == EventType.Segment) return passAsTime(e, pad);
  if (event.type != EventType.Caps) return false;
  const self = changetype<AudioDepay>(e);
  readCaps(self, event);
  const caps = capsOf(self.media).setInt(Atom.rate, self.receiver.clockRate).setInt(Atom.channels, 1);
  if (!negotiate(e.src!, caps)) e.set(ElementFlag.Failed);
  capsUnref(caps);
  return true;
}

function takeAudio(e: RtpDepay, packet: Frame, h: RtpHeader, payload: Frame): void {
  if (!payload.size) {
    frameUnref(payload);
    return;
  }
  const receiver = e.receiver;
  payload.flags |= FrameFlag.Key;
  payload.duration = ticksToNs(payload.size, receiver.clockRate);
  receiver.end = payload.pts + payload.duration;
  push(e.src!, payload);
}
