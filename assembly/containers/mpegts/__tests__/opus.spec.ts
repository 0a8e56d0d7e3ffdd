import { Random } from "../../../base/__tests__/random";
import { must } from "../../../base/__tests__/region";
import { blockUnref, newBlock } from "../../../core/block";
import { SLICES_SIZE, Slices } from "../../../core/slices";
import { OpusUnit, readOpusUnit, writeOpusHead } from "../opus";
import { begin, end } from "./transport";

const LIST: usize = memory.data(SLICES_SIZE, 8);
const UNIT: usize = memory.data(offsetof<OpusUnit>(), 4);
const HEAD: usize = memory.data(32, 8);
const u = changetype<OpusUnit>(UNIT);

/** A list over `n` bytes at `p`. */
function listOf(p: usize, n: u32): Slices {
  memory.fill(LIST, 0, SLICES_SIZE);
  const list = changetype<Slices>(LIST);
  const block = newBlock(max<u32>(n, 1))!;
  memory.copy(block.data, p, n);
  if (n) list.append(block.data, block, n, 0);
  blockUnref(block);
  return list;
}

/** Writes a unit with a control header: flags of its second byte, bytes of its extension. */
function put(p: usize, flags: u32, extension: u32, size: u32, toc: u32): usize {
  store<u8>(p++, 0x7f);
  store<u8>(p++, 0xe0 | flags);
  let left = size;
  for (; left >= 255; left -= 255) store<u8>(p++, 255);
  store<u8>(p++, left);
  if (flags & 0x10) p += 2;
  if (flags & 0x08) p += 2;
  if (flags & 0x04) {
    store<u8>(p, extension);
    p += 1 + extension;
  }
  memory.fill(p, 0xff, size);
  store<u8>(p, toc);
  return p + size;
}

describe("Opus in transport streams", () => {
  test("units behind their control headers, and none that is cut short", () => {
    const bytes = new StaticArray<u8>(4096);
    const p = changetype<usize>(bytes);
    const random = new Random(1);
    for (let round = 0; round < 300; round++) {
      begin();
      const flags = random.below(8) << 2;
      const extension = random.below(20);
      const size: u32 = 1 + random.below(1200);
      const n = <u32>(put(p, flags, extension, size, 0) - p);
      const list = listOf(p, n);
      must(readOpusUnit(list, 0, u), "it is read");
      must(u.size == size && u.head + size == n && u.samples == 480, "its parts");
      list.release();
      const cut = listOf(p, random.below(n));
      must(!readOpusUnit(cut, 0, u), "what is cut is none");
      cut.release();
      end();
    }
    expect<bool>(true).toBe(true);
  });

  test("samples of a packet by its first byte (RFC 6716 3.1)", () => {
    const bytes = new StaticArray<u8>(64);
    const p = changetype<usize>(bytes);
    // Tenths of a millisecond by configuration.
    const tenths: StaticArray<i32> = [100, 200, 400, 600];
    const short: StaticArray<i32> = [25, 50, 100, 200];
    for (let config: u32 = 0; config < 32; config++) {
      for (let code: u32 = 0; code < 4; code++) {
        begin();
        const list = listOf(p, <u32>(put(p, 0, 0, 3, (config << 3) | code) - p));
        must(readOpusUnit(list, 0, u), "it is read");
        const one = config < 12 ? tenths[config & 3] : config < 16 ? tenths[config & 1] : short[config & 3];
        // The second byte counts 63 frames for code 3.
        const frames = code == 0 ? 1 : code == 3 ? 63 : 2;
        must(u.samples == <u32>((one * 48 * frames) / 10), `configuration ${config}, code ${code}`);
        list.release();
        end();
      }
    }
    expect<bool>(true).toBe(true);
  });

  test("what does not start with the prefix is none", () => {
    begin();
    const bytes: StaticArray<u8> = [0x7f, 0xc0, 1, 0, 0];
    const list = listOf(changetype<usize>(bytes), 5);
    expect<bool>(readOpusUnit(list, 0, u)).toBe(false);
    list.release();
    end();
  });

  test("channel configurations as identification headers", () => {
    for (let code: u32 = 0; code < 9; code++) {
      const n = writeOpusHead(HEAD, code);
      const channels = <u32>load<u8>(HEAD, 9);
      must(channels == (code ? code : 2), "channels");
      const family = load<u8>(HEAD, 18);
      if (!family) {
        must(n == 19 && code && code < 3, "one stream");
        continue;
      }
      must(n == 21 + channels, "a table of channels");
      const streams = <u32>load<u8>(HEAD, 19);
      const coupled = <u32>load<u8>(HEAD, 20);
      must(streams + coupled == channels, "every channel has its place");
      let seen: u32 = 0;
      for (let i: u32 = 0; i < channels; i++) seen |= 1 << load<u8>(HEAD + 21 + i);
      must(seen == (1 << channels) - 1, "all of them, once");
    }
    expect<u32>(writeOpusHead(HEAD, 9)).toBe(0);
  });
});
