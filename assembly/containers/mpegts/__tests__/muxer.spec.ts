import { Random } from "../../../base/__tests__/random";
import { must } from "../../../base/__tests__/region";
import { blockUnref, newBlock } from "../../../core/block";
import { SLICES_SIZE, Slices } from "../../../core/slices";
import { PES_HEADER, TS_OUTPUT_SIZE, TsOutput, TsWriter } from "../muxer";
import { Reader, Transport, Unit, begin, end, hashOf } from "./transport";

const WRITER: usize = memory.data(offsetof<TsWriter>(), 8);
const OUTPUTS: usize = memory.data(8 * TS_OUTPUT_SIZE, 8);
const TABLE: usize = memory.data(8 * sizeof<usize>(), 8);
const HEAD: usize = memory.data(64, 8);
const LIST: usize = memory.data(SLICES_SIZE, 8);

function never(owner: usize): void {
  must(false, "the memory is enough");
}

function outputAt(i: u32): TsOutput {
  return changetype<TsOutput>(OUTPUTS + <usize>(i * TS_OUTPUT_SIZE));
}

/** Writes the bytes of a unit, cut into slices of random sizes, as a PES packet. */
function write(w: TsWriter, o: TsOutput, random: Random, u: Unit, pcr: i64, key: bool): void {
  const block = newBlock(2 * u.size + 64)!;
  random.fill(block.data, block.size);
  const list = changetype<Slices>(LIST);
  memory.fill(LIST, 0, SLICES_SIZE);
  const copy = new StaticArray<u8>(u.size);
  let at = block.data;
  for (let left = u.size; left;) {
    const n = min<u32>(left, 1 + random.below(500));
    list.append(at, block, n, 0);
    // What lies between is not written.
    at += n + random.below(2);
    left -= n;
  }
  list.copyOut(0, changetype<usize>(copy), u.size);
  u.hash = hashOf(changetype<usize>(copy), u.size);
  const n = w.pesHeader(HEAD, o, u.size, u.pts, u.dts);
  must(n <= PES_HEADER, "the header fits");
  const before = w.packets;
  w.writePes(o, HEAD, n, list, pcr, key);
  if (!key || pcr >= 0) {
    must(w.packets - before == w.packetsFor(n + u.size, pcr >= 0), "packets are as many as was said");
  }
  list.release();
  blockUnref(block);
}

function someTime(random: Random): i64 {
  return random.below(6) ? <i64>(random.next() & 0x1ffffffff) : -1;
}

describe("what is written as a transport stream", () => {
  test("is read again, whatever its sizes and times", () => {
    for (let seed = 0; seed < 60; seed++) {
      begin();
      const random = new Random(seed);
      const stride: u32 = random.bool() ? 188 : 192;
      const streams: u32 = 1 + random.below(6);
      const t = new Transport();
      const w = changetype<TsWriter>(WRITER);
      w.init(stride);
      w.out = t.at(0);
      w.limit = t.at(<u32>t.data.length);
      w.more = never.index;
      w.pcrPid = 0x100;
      memory.fill(OUTPUTS, 0, 8 * TS_OUTPUT_SIZE);
      for (let i: u32 = 0; i < streams; i++) {
        const o = outputAt(i);
        o.pid = 0x100 + i;
        o.type = i & 1 ? 0x0f : 0x1b;
        o.id = i & 1 ? 0xc0 : 0xe0;
        o.unbounded = !(i & 1);
        store<TsOutput>(TABLE + ((<usize>i) << 2), o);
      }
      const units: Array<Unit> = [];
      const keys: Array<bool> = [];
      let clock: i64 = -1;
      for (let k = 0; k < 40; k++) {
        if (k % 10 == 0) {
          w.writePat();
          must(w.writePmt(TABLE, streams, 0), "the table fits");
        }
        if (!random.below(8)) w.writeNull();
        const i = random.below(streams);
        const pts = someTime(random);
        const dts = pts < 0 ? -1 : someTime(random);
        // Sizes around what fits a packet turn up often.
        const size = random.bool() ? 140 + random.below(60) : 1 + random.below(6000);
        const u = new Unit(0x100 + i, pts, dts, size, 0);
        const key = random.bool();
        if (!random.below(8)) w.writePcr(outputAt(0), (clock = <i64>random.below(1000000)));
        const pcr: i64 = i == 0 && random.bool() ? <i64>(random.next() % (300 << 33)) : -1;
        if (pcr >= 0) clock = pcr;
        write(w, outputAt(i), random, u, pcr, key);
        units.push(u);
        keys.push(key);
      }
      t.length = <u32>(w.out - t.at(0));
      must(t.length == <u32>w.packets * stride, "all packets have their size");
      const r = new Reader();
      r.feed(t.at(0), t.length);
      must(r.demuxer.stride == stride, "the size of packets");
      must(clock < 0 || r.demuxer.programs.get(0).pcr == clock, "the clock");
      r.finish();
      must(!r.differs(units).length, `seed ${seed}: ${r.differs(units)}`);
      must(!r.losses && !r.resyncs && r.programs == 1, "nothing is missing");
      for (let i = 0; i < r.got.length; i++) {
        for (let k = 0; k < units.length; k++) {
          if (units[k].hash == r.got[i].hash) must(keys[k] == r.got[i].randomAccess, "key units are marked");
        }
      }
      end();
    }
    expect<bool>(true).toBe(true);
  });

  test("streams that do not fit the table are refused", () => {
    begin();
    const t = new Transport();
    const w = changetype<TsWriter>(WRITER);
    w.init(188);
    w.out = t.at(0);
    w.limit = t.at(<u32>t.data.length);
    w.more = never.index;
    memory.fill(OUTPUTS, 0, 8 * TS_OUTPUT_SIZE);
    for (let i: u32 = 0; i < 8; i++) {
      outputAt(i).descriptorLength = 40;
      store<TsOutput>(TABLE + ((<usize>i) << 2), outputAt(i));
    }
    expect<bool>(w.writePmt(TABLE, 3, 0)).toBe(true);
    expect<bool>(w.writePmt(TABLE, 4, 0)).toBe(false);
    end();
  });
});
