import { freshHeap, mustBeEmpty } from "../../base/__tests__/region";
import { capsUnref } from "../../caps/caps";
import { capsOfText } from "../../video/__tests__/caps";
import { AudioFormat } from "../format";
import { AUDIOINFO_SIZE, AudioInfo, MAX_CHANNELS } from "../info";

const INFO: usize = memory.data(AUDIOINFO_SIZE, 8);

function info(): AudioInfo {
  return changetype<AudioInfo>(INFO);
}

function read(text: string): bool {
  const caps = capsOfText(text);
  const ok = info().fromCaps(caps);
  capsUnref(caps);
  return ok;
}

test("fields are taken over", () => {
  freshHeap();
  expect<bool>(read("audio/x-raw,format=S24LE,rate=48000,channels=2,layout=interleaved")).toBe(true);
  expect<i32>(info().format).toBe(AudioFormat.S24LE);
  expect<u32>(info().rate).toBe(48000);
  expect<u32>(info().channels).toBe(2);
  expect<u32>(info().frame).toBe(6);
  expect<bool>(info().planar).toBe(false);
  expect<u64>(info().mask).toBe(3);
  read("audio/x-raw,format=F64BE,rate=8000,channels=6,layout=non-interleaved,channel-mask=(bitmask)0xc003f");
  expect<u32>(info().frame).toBe(48);
  expect<bool>(info().planar).toBe(true);
  expect<u64>(info().mask).toBe(0xc003f);
  mustBeEmpty();
});

test("what cannot be is refused", () => {
  freshHeap();
  expect<bool>(read("video/x-raw,format=S16LE,rate=48000,channels=2")).toBe(false);
  expect<bool>(read("audio/x-raw,format=S17LE,rate=48000,channels=2")).toBe(false);
  expect<bool>(read("audio/x-raw,format=S16LE,rate=0,channels=2")).toBe(false);
  expect<bool>(read("audio/x-raw,format=S16LE,rate=48000")).toBe(false);
  expect<bool>(info().set(AudioFormat.U8, 1, MAX_CHANNELS)).toBe(true);
  expect<bool>(info().set(AudioFormat.U8, 1, MAX_CHANNELS + 1)).toBe(false);
  expect<bool>(info().set(AudioFormat.Unknown, 1, 1)).toBe(false);
});
