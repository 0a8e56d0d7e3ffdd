import { Random } from "../../../base/__tests__/random";
import { must } from "../../../base/__tests__/region";
import { BITS_SIZE, Bits } from "../../../base/bits";
import { WRITER_SIZE, Writer } from "../../../base/writer";
import { begin, end } from "../../__tests__/input";
import { unescape } from "../nal";
import { PARAMETER_SETS_SIZE, ParameterSets } from "../parametersets";
import { SLICE_HEAD_SIZE, SliceHead, readSliceHead } from "../slice";
import { Rbsp, Shape } from "./rbsp";

const SETS: usize = memory.data(PARAMETER_SETS_SIZE, 8);
const OTHER: usize = memory.data(PARAMETER_SETS_SIZE, 8);
const NAL: usize = memory.data(4096, 8);
const RBSP: usize = memory.data(4096, 8);
const BITS: usize = memory.data(BITS_SIZE, 4);
const WRITER: usize = memory.data(WRITER_SIZE, 4);
const HEAD: usize = memory.data(SLICE_HEAD_SIZE, 4);
const sets = changetype<ParameterSets>(SETS);

function someShape(random: Random): Shape {
  const s = new Shape();
  const profiles: StaticArray<u32> = [66, 77, 88, 100, 110, 122, 244];
  s.profile = profiles[random.below(7)];
  s.constraints = random.below(256) & 0xfc;
  s.level = 10 + random.below(43);
  s.id = random.below(32);
  s.chroma = random.below(4);
  s.depth = 8 + random.below(7);
  s.frameBits = 4 + random.below(13);
  s.pocType = random.below(3);
  s.pocBits = 4 + random.below(13);
  s.columns = 1 + random.below(500);
  s.rows = 1 + random.below(300);
  s.framesOnly = random.bool();
  if (random.bool()) s.crop = [random.below(3), random.below(3), random.below(2), random.below(2)];
  s.aspect = random.bool() ? (random.bool() ? 255 : 1 + random.below(16)) : 0;
  if (random.bool()) {
    s.units = 1 + <u32>(random.next() >> 34);
    s.scale = 1 + <u32>(random.next() >> 34);
  }
  s.reorder = <i32>random.below(5) - 1;
  s.fieldOrder = random.bool();
  s.redundant = random.bool();
  return s;
}

describe("parameter sets", () => {
  test("what is written bit by bit is read", () => {
    const random = new Random(1);
    for (let round = 0; round < 2000; round++) {
      begin();
      must(sets.init(), "there is memory");
      const shape = someShape(random);
      must(sets.take(NAL, shape.sps(NAL)), `round ${round}: it is sound`);
      const s = sets.sps!;
      must(s.profile == shape.profile && s.level == shape.level && s.constraints == shape.constraints, "what it needs");
      must(s.id == shape.id, "its id");
      const high = shape.profile >= 100;
      must(s.chroma == (high ? shape.chroma : 1) && s.bitsLuma == (high ? shape.depth : 8), "its samples");
      must(s.frameNumBits == shape.frameBits && s.pocType == shape.pocType, "what slices need");
      must(s.pocType != 0 || s.pocBits == shape.pocBits, "what slices need");
      let width = shape.columns * 16;
      let height = shape.rows * (shape.framesOnly ? 16 : 32);
      const crop = shape.crop;
      if (crop) {
        // 7.4.2.1.1: in units of chroma samples, and of rows of both fields.
        width -= (crop[0] + crop[1]) * (s.chroma == 1 || s.chroma == 2 ? 2 : 1);
        height -= (crop[2] + crop[3]) * (s.chroma == 1 ? 2 : 1) * (shape.framesOnly ? 1 : 2);
      }
      must(
        s.width == width && s.height == height,
        `round ${round}: ${s.width} x ${s.height}, not ${width} x ${height}`,
      );
      must(s.framesOnly == shape.framesOnly, "fields");
      must(s.unitsInTick == shape.units && (!shape.units || s.timeScale == shape.scale), "its rate");
      if (shape.aspect == 255) must(s.parWidth == 40 && s.parHeight == 33, "its pixels");
      else must((s.parWidth != 0) == (shape.aspect != 0), "its pixels");
      if (shape.reorder >= 0) must(s.reorder == shape.reorder, "how far it reorders");
      if (shape.aspect || shape.units || shape.reorder >= 0) must(s.colourDescribed && s.fullRange, "its colours");
      const id = random.below(256);
      must(sets.take(NAL, shape.pps(NAL, id)), "the PPS is sound");
      const p = sets.pps(id)!;
      must(p.sps == shape.id && p.fieldOrder == shape.fieldOrder && p.redundant == shape.redundant, "what it says");
      sets.release();
      end();
    }
    expect<bool>(true).toBe(true);
  });

  test("slice headers, field by field", () => {
    const random = new Random(2);
    begin();
    must(sets.init(), "there is memory");
    for (let round = 0; round < 2000; round++) {
      const shape = someShape(random);
      must(sets.take(NAL, shape.sps(NAL)) && sets.take(NAL, shape.pps(NAL, 5)), "they are sound");
      const idr = random.bool();
      const first = random.below(1000);
      const type = random.below(10);
      const frame = (<u32>random.next()) & ((1 << shape.frameBits) - 1);
      const field = !shape.framesOnly && random.bool();
      const bottom = field && random.bool();
      const idrId = random.below(65536);
      const lsb = (<u32>random.next()) & ((1 << shape.pocBits) - 1);
      const delta = <i32>random.below(2001) - 1000;
      const w = new Rbsp();
      w.ue(first).ue(type).ue(5).bits(shape.frameBits, frame);
      if (!shape.framesOnly) w.bits(1, field ? 1 : 0);
      if (field) w.bits(1, bottom ? 1 : 0);
      if (idr) w.ue(idrId);
      if (shape.pocType == 0) {
        w.bits(shape.pocBits, lsb);
        if (shape.fieldOrder && !field) w.se(delta);
      } else if (shape.pocType == 1) {
        w.se(delta);
        if (shape.fieldOrder && !field) w.se(-delta);
      }
      if (shape.redundant) w.ue(3);
      w.bits(32, 0x12345678);
      const header: u32 = idr ? 0x65 : 0x21;
      const n = w.trailing().nal(NAL, header);
      const h = changetype<SliceHead>(HEAD);
      const bits = changetype<Bits>(BITS).over(RBSP, unescape(RBSP, 4096, NAL + 1, n - 1));
      must(readSliceHead(bits, header, h, sets.ppses, sets.spses), "it is read");
      must(h.whole && h.firstMb == first && h.type == type % 5 && h.pps == 5 && h.frameNum == frame, "its start");
      must(h.field == field && h.bottom == bottom && h.idr == idr && h.idrPicId == (idr ? idrId : 0), "its picture");
      if (shape.pocType == 0) {
        must(h.pocLsb == lsb && h.deltaPocBottom == (shape.fieldOrder && !field ? delta : 0), "its order");
      } else if (shape.pocType == 1) {
        must(h.deltaPoc0 == delta && h.deltaPoc1 == (shape.fieldOrder && !field ? -delta : 0), "its order");
      }
      must(h.redundantCount == (shape.redundant ? 3 : 0), "redundant pictures");
      must(h.refIdc == header >> 5, "whether others refer to it");
    }
    sets.release();
    end();
  });

  test("as codec data and back (ISO/IEC 14496-15 5.3.3.1)", () => {
    const random = new Random(3);
    for (let round = 0; round < 200; round++) {
      begin();
      must(sets.init(), "there is memory");
      const count: u32 = 1 + random.below(5);
      for (let i: u32 = 0; i < count; i++) {
        const shape = someShape(random);
        must(sets.take(NAL, shape.sps(NAL)) && sets.take(NAL, shape.pps(NAL, random.below(256))), "they are sound");
      }
      const w = changetype<Writer>(WRITER);
      memory.fill(WRITER, 0, WRITER_SIZE);
      sets.writeRecord(w);
      const other = changetype<ParameterSets>(OTHER);
      must(other.init(), "there is memory");
      must(other.readRecord(w.data, w.length) == 4, "lengths of four bytes");
      must(other.spsCount == sets.spsCount && other.ppsCount == sets.ppsCount, "as many");
      for (let i: u32 = 0; i < 256; i++) {
        if (i < 32) must(same(sets.spsBytes(i), other.spsBytes(i)), "the same SPS");
        must(same(sets.ppsBytes(i), other.ppsBytes(i)), "the same PPS");
      }
      other.release();
      // Cut anywhere it is damaged, unless only what follows the sets is missing.
      const n = random.below(w.length);
      must(other.init(), "there is memory");
      const size = other.readRecord(w.data, n);
      must(size == 0 || (size == 4 && n + 4 >= w.length), "a cut is noticed");
      other.release();
      w.release();
      sets.release();
      end();
    }
    expect<bool>(true).toBe(true);
  });

  test("a set that comes again is nothing new, a changed one is", () => {
    begin();
    must(sets.init(), "there is memory");
    const shape = new Shape();
    const n = shape.sps(NAL);
    sets.take(NAL, n);
    expect<bool>(sets.changed).toBe(true);
    sets.changed = false;
    sets.take(NAL, n);
    expect<bool>(sets.changed).toBe(false);
    shape.columns = 11;
    sets.take(NAL, shape.sps(NAL));
    expect<bool>(sets.changed).toBe(true);
    expect<u32>(sets.spsCount).toBe(1);
    expect<u32>(sets.sps!.width).toBe(176);
    sets.release();
    end();
  });

  test("damaged sets are refused or read, and leave the heap whole", () => {
    const random = new Random(4);
    begin();
    must(sets.init(), "there is memory");
    let refused = 0;
    for (let round = 0; round < 5000; round++) {
      const shape = someShape(random);
      const pps = random.bool();
      let n = pps ? shape.pps(NAL, random.below(256)) : shape.sps(NAL);
      for (let k = 1 + random.below(4); k; k--) store<u8>(NAL + 1 + random.below(n - 1), <u8>random.next());
      if (!random.below(3)) n = 1 + random.below(n);
      if (!sets.take(NAL, n)) refused++;
      const s = sets.sps;
      if (s) must(s.width > 0 && s.height > 0 && s.width <= 1 << 16 && s.height <= 1 << 17, "sizes that can be");
    }
    must(refused > 100 && refused < 4900, `${refused} were refused`);
    sets.release();
    end();
  });
});

/** Whether two sets with a length in front are the same, or both none. */
function same(a: usize, b: usize): bool {
  if (!a || !b) return !a && !b;
  return load<u16>(a) == load<u16>(b) && memory.compare(a + 2, b + 2, load<u16>(a)) == 0;
}
