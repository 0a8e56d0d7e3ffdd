import { Random } from "../../base/__tests__/random";
import { must } from "../../base/__tests__/region";
import { CONVERTER_SIZE, VideoConverter } from "../converter";

/** Room for pictures, with bytes around them that nobody may touch. */
const ROOM: u32 = 0x10000;
const GUARD: u32 = 64;
const UNTOUCHED: u8 = 0x5c;

const CONVERTER: usize = memory.data(CONVERTER_SIZE, 16);
const SOURCE: usize = memory.data(0x10000, 16);
const TARGET: usize = memory.data(0x10000, 16);
const SCRATCH: usize = memory.data(0x8000, 16);

export function converter(): VideoConverter {
  return changetype<VideoConverter>(CONVERTER);
}

/** Address of the picture that comes in. */
export function source(): usize {
  return SOURCE + GUARD;
}

/** Address of the picture that goes out. */
export function target(): usize {
  return TARGET + GUARD;
}

/** Fills the picture that comes in with noise, and all around with bytes that are looked at afterwards. */
export function fillNoise(random: Random): void {
  memory.fill(SOURCE, UNTOUCHED, ROOM);
  random.fill(source(), converter().from.size);
}

/** Converts; fails when something beside the picture is touched. */
export function convertAll(): void {
  const c = converter();
  must(c.from.size + 2 * GUARD <= ROOM && c.to.size + 2 * GUARD <= ROOM, "pictures fit");
  must(c.scratchSize + GUARD <= 0x8000, "lines fit");
  memory.fill(TARGET, UNTOUCHED, ROOM);
  memory.fill(SCRATCH, UNTOUCHED, 0x8000);
  c.prepare(SCRATCH);
  c.begin(target());
  for (let pair: u32 = 0; pair < c.pairs; pair++) c.convert(source(), target(), pair);
  for (let i: u32 = 0; i < GUARD; i++) {
    must(load<u8>(TARGET + i) == UNTOUCHED, "bytes in front of the picture");
    must(load<u8>(target() + c.to.size + i) == UNTOUCHED, "bytes behind the picture");
    must(load<u8>(SCRATCH + c.scratchSize + i) == UNTOUCHED, "bytes behind the lines");
  }
}
