import { Random } from "../../../base/__tests__/random";
import { must } from "../../../base/__tests__/region";
import { putBe32 } from "../../../base/bytes";
import { crc32Mpeg } from "../../../base/crc";
import { heap } from "../../../base/heap";
import { blockUnref, newBlock } from "../../../core/block";
import { MAX_PES } from "../demuxer";
import { Got, Reader, Transport, Unit, begin, end, makePes } from "./transport";

const PES: usize = memory.data(8192, 8);
const FIRST: u32 = 0x100;

/** A random time of 33 bits, or none. */
function someTime(random: Random): i64 {
  return random.below(6) ? <i64>(random.next() & 0x1ffffffff) : -1;
}

/** Writes PES packets of random sizes on random PIDs into a stream that has its tables in front. */
function fill(t: Transport, random: Random, streams: u32, count: u32, most: u32): Array<Unit> {
  const units: Array<Unit> = [];
  for (let i: u32 = 0; i < count; i++) {
    const pts = someTime(random);
    const dts = pts < 0 ? -1 : someTime(random);
    const u = new Unit(FIRST + random.below(streams), pts, dts, 1 + random.below(most), 0);
    // Without a length only the next packet tells the end.
    const n = makePes(PES, random, u, random.bool(), random.below(4) ? 0 : random.below(200));
    t.put(u.pid, PES, n, random.below(3) ? 184 : 1 + random.below(184), random.below(3) ? null : random);
    units.push(u);
  }
  return units;
}

function tables(streams: u32): Transport {
  const t = new Transport();
  t.pat();
  t.pmt(0x1b, FIRST, streams);
  return t;
}

describe("the demuxer", () => {
  test("gives back what was put in, whatever its size, its header and the pieces it comes in", () => {
    for (let seed = 0; seed < 60; seed++) {
      begin();
      const random = new Random(seed);
      const streams: u32 = 1 + random.below(5);
      const t = tables(streams);
      const units = fill(t, random, streams, 40, 3000);
      const r = new Reader().read(t, seed % 3 ? 1 + random.below(5000) : 1 << 20, seed % 2 ? random : null);
      must(!r.differs(units).length, `seed ${seed}: ${r.differs(units)}`);
      must(r.losses == 0 && r.resyncs == 0 && r.programs == 1, "nothing else is said");
      end();
    }
    expect<bool>(true).toBe(true);
  });

  test("packets of 192 and 204 bytes, also when the stream starts in the middle of one", () => {
    for (let seed = 0; seed < 40; seed++) {
      begin();
      const random = new Random(100 + seed);
      const t = tables(2);
      const units = fill(t, random, 2, 30, 1500);
      const stride: u32 = seed % 3 == 0 ? 188 : seed % 3 == 1 ? 192 : 204;
      const wide = t.spread(stride);
      // A few bytes that are no packet stand in front.
      const phase = random.below(stride);
      memory.copy(wide.at(phase), wide.at(0), wide.length);
      memory.fill(wide.at(0), 0x11, phase);
      wide.length += phase;
      const r = new Reader();
      const d = r.demuxer;
      r.feed(wide.at(0), wide.length);
      must(d.stride == stride, `stride ${d.stride} for ${stride}`);
      r.finish();
      must(!r.differs(units).length, `seed ${seed}: ${r.differs(units)}`);
      must(phase ? r.skipped == phase && r.lostAt == 0 : r.resyncs == 0, "what was skipped in front is told");
      end();
    }
  });

  test("a stream cut in two at every byte gives the same", () => {
    const random = new Random(7);
    const t = tables(2);
    const units = fill(t, random, 2, 12, 600);
    const wide = t.spread(204);
    for (let at: u32 = 1; at < t.length; at++) {
      begin();
      const r = new Reader();
      r.feed(t.at(0), at);
      r.feed(t.at(at), t.length - at);
      r.finish();
      must(!r.differs(units).length, `cut at ${at}: ${r.differs(units)}`);
      end();
    }
    for (let at: u32 = 1; at < wide.length; at += 5) {
      begin();
      const r = new Reader();
      r.feed(wide.at(0), at);
      r.feed(wide.at(at), wide.length - at);
      r.finish();
      must(!r.differs(units).length, `204 bytes, cut at ${at}: ${r.differs(units)}`);
      end();
    }
    expect<bool>(true).toBe(true);
  });

  test("byte by byte", () => {
    begin();
    const random = new Random(8);
    const t = tables(3);
    const units = fill(t, random, 3, 20, 400);
    expect<string>(new Reader().read(t, 1, null).differs(units)).toBe("");
    end();
  });

  test("the place of each packet in the stream is told", () => {
    begin();
    const random = new Random(9);
    const t = tables(1);
    const places: Array<u32> = [];
    for (let i = 0; i < 30; i++) {
      places.push(t.length);
      fill(t, random, 1, 1, 1000);
    }
    const r = new Reader().read(t, 777, random);
    for (let i = 0; i < 30; i++) must(r.got[i].offset == <i64>places[i], "the place");
    end();
  });

  test("packets that are sent twice are taken once", () => {
    for (let seed = 0; seed < 20; seed++) {
      begin();
      const random = new Random(seed);
      const t = tables(2);
      const units = fill(t, random, 2, 30, 1500);
      const twice = new Transport();
      for (let at: u32 = 0; at < t.length; at += 188) {
        const times: u32 = random.below(3) ? 1 : 2;
        for (let k: u32 = 0; k < times; k++) {
          memory.copy(twice.at(twice.length), t.at(at), 188);
          twice.length += 188;
        }
      }
      const r = new Reader().read(twice, 3000, random);
      must(!r.differs(units).length, `seed ${seed}: ${r.differs(units)}`);
      must(r.losses == 0, "none is missing");
      end();
    }
    expect<bool>(true).toBe(true);
  });

  test("lost packets are counted, and what they damage is marked", () => {
    for (let seed = 0; seed < 60; seed++) {
      begin();
      const random = new Random(200 + seed);
      const t = tables(2);
      const units = fill(t, random, 2, 60, 1500);
      const left = new Transport();
      let removed: u32 = 0;
      const gap = new StaticArray<u32>(8192);
      const began = new StaticArray<u8>(8192);
      let told: u32 = 0;
      for (let at: u32 = 0; at < t.length; at += 188) {
        const pid = (((<u32>load<u8>(t.at(at) + 1)) & 31) << 8) | load<u8>(t.at(at) + 2);
        if (pid >= FIRST && pid < FIRST + 2 && began[pid] && gap[pid] < 14 && !random.below(30)) {
          removed++;
          gap[pid]++;
          continue;
        }
        // A gap behind which nothing comes cannot be seen.
        told += gap[pid];
        gap[pid] = 0;
        began[pid] = 1;
        memory.copy(left.at(left.length), t.at(at), 188);
        left.length += 188;
      }
      const r = new Reader().read(left, 5000, random);
      must(r.lost == told, `${r.lost} and not ${told} are missing`);
      let sound: u32 = 0;
      for (let i = 0; i < r.got.length; i++) {
        const g = r.got[i];
        if (!g.corrupt) must(isAmong(units, g), "what is not marked is as it was");
        if (!g.corrupt) sound++;
      }
      must(sound + 2 * removed >= <u32>units.length, "no more is damaged than must be");
      end();
    }
    expect<bool>(true).toBe(true);
  });

  test("after bytes that are no packets it finds the next one, and says how much was skipped", () => {
    for (let seed = 0; seed < 40; seed++) {
      begin();
      const random = new Random(300 + seed);
      const t = tables(1);
      const before = fill(t, random, 1, 20, 1000);
      // Whole packets before and behind, so that no unit is cut.
      const cut = t.length;
      const behind = fill(t, random, 1, 20, 1000);
      const n: u32 = 1 + random.below(700);
      memory.copy(t.at(cut + n), t.at(cut), t.length - cut);
      for (let i: u32 = 0; i < n; i++) store<u8>(t.at(cut + i), random.below(4) ? (<u8>random.next()) | 0x80 : 0x12);
      t.length += n;
      const r = new Reader().read(t, 2000, random);
      must(
        r.resyncs == 1 && r.skipped == n && r.lostAt == <i64>cut,
        `seed ${seed}: ${r.skipped} of ${n} were skipped at ${cut}, ${r.resyncs} times`,
      );
      must(!r.differs(before.concat(behind)).length, `seed ${seed}: ${r.differs(before.concat(behind))}`);
      end();
    }
    expect<bool>(true).toBe(true);
  });

  test("scrambled packets are told once a stream, and give nothing", () => {
    begin();
    const random = new Random(11);
    const t = tables(2);
    const from = t.length;
    fill(t, random, 2, 20, 500);
    for (let at = from; at < t.length; at += 188) {
      if (load<u8>(t.at(at) + 2) == 0) store<u8>(t.at(at) + 3, load<u8>(t.at(at) + 3) | 0x80);
    }
    const r = new Reader().read(t, 4000, random);
    expect<u32>(r.scrambled).toBe(1);
    for (let i = 0; i < r.got.length; i++) must(r.got[i].pid == FIRST + 1, "only of the other stream");
    must(r.got.length > 0, "there is something");
    end();
  });

  test("the transport error indicator makes a packet worth nothing", () => {
    begin();
    const random = new Random(12);
    const t = tables(1);
    fill(t, random, 1, 1, 50);
    const at = t.length;
    const n = makePes(PES, random, new Unit(FIRST, 1, -1, 900, 0), false, 0);
    t.put(FIRST, PES, n, 184, null);
    store<u8>(t.at(at + 188) + 1, load<u8>(t.at(at + 188) + 1) | 0x80);
    const r = new Reader().read(t, 1 << 20, null);
    expect<i32>(r.got.length).toBe(2);
    expect<bool>(r.got[1].corrupt).toBe(true);
    expect<u32>(r.got[1].size).toBe(900 - 184);
    end();
  });

  test("tables that come late: what came in front of them in the same piece is not lost", () => {
    begin();
    const random = new Random(13);
    const t = new Transport();
    const units = fill(t, random, 2, 15, 500);
    t.pat();
    t.pmt(0x1b, FIRST, 2);
    const more = fill(t, random, 2, 15, 500);
    expect<string>(new Reader().read(t, 1 << 20, null).differs(units.concat(more))).toBe("");
    end();
  });

  test("a new version of the PMT ends streams and starts others", () => {
    begin();
    const random = new Random(14);
    const t = tables(2);
    const before = fill(t, random, 2, 20, 500);
    t.pmt(0x1b, FIRST + 1, 2, 1);
    const u = new Unit(FIRST + 2, 7, -1, 300, 0);
    const n = makePes(PES, random, u, true, 0);
    t.put(u.pid, PES, n, 184, null);
    // The same table again changes nothing; a PID that is no longer listed gives nothing.
    t.pmt(0x1b, FIRST + 1, 2, 1);
    t.put(FIRST, PES, n, 184, null);
    const r = new Reader();
    r.feed(t.at(0), t.length);
    expect<u32>(r.programs).toBe(2);
    let gone = 0;
    for (let i: u32 = 0; i < r.demuxer.streams.length; i++) if (r.demuxer.streams.get(i).gone) gone++;
    expect<i32>(gone).toBe(1);
    r.finish();
    let found = 0;
    for (let i = 0; i < r.got.length; i++) if (isAmong([u], r.got[i])) found++;
    must(found == 1, "the new stream");
    must(r.got.length <= before.length + 1, "no more");
    end();
  });

  test("a table whose checksum is wrong, or that is not in force yet, changes nothing", () => {
    for (let kind = 0; kind < 2; kind++) {
      begin();
      const random = new Random(15);
      const t = tables(1);
      const at = t.length;
      t.pmt(0x0f, FIRST + 5, 1, 1);
      // The section of 21 bytes stands at the end of its packet.
      const section = t.at(at + 188 - 21);
      if (kind == 0) store<u8>(section + 20, load<u8>(section + 20) ^ 1);
      else {
        // current_next_indicator
        store<u8>(section + 5, load<u8>(section + 5) & 0xfe);
        putBe32(section + 17, crc32Mpeg(0xffffffff, section, 17));
      }
      const units = fill(t, random, 1, 5, 300);
      const r = new Reader().read(t, 1 << 20, null);
      expect<u32>(r.programs).toBe(1);
      expect<string>(r.differs(units)).toBe("");
      end();
    }
  });

  test("sections of a stream, of any size, several in a packet", () => {
    for (let seed = 0; seed < 20; seed++) {
      begin();
      const random = new Random(400 + seed);
      const t = new Transport();
      t.pat();
      t.pmt(0x05, FIRST, 1);
      const body = new StaticArray<u8>(4096);
      random.fill(changetype<usize>(body), 4096);
      const count: u32 = 1 + random.below(20);
      for (let i: u32 = 0; i < count; i++) {
        t.section(
          FIRST,
          0x80 + i,
          i,
          0,
          0,
          0,
          changetype<usize>(body),
          random.below(4) ? random.below(300) : random.below(4000),
        );
      }
      const r = new Reader().read(t, 3000, random);
      must(<u32>r.sections.length == count, `${r.sections.length} of ${count} sections`);
      must(r.got.length == 0, "no PES packets");
      end();
    }
    expect<bool>(true).toBe(true);
  });

  test("a PES packet without a length and without an end comes in parts, in bounded memory", () => {
    begin();
    const random = new Random(16);
    const t = tables(1);
    const n = makePes(PES, random, new Unit(FIRST, 90000, -1, 8000, 0), false, 0);
    t.put(FIRST, PES, n, 184, null);
    const r = new Reader();
    r.feed(t.at(0), t.length);
    // Packets that go on where those end, again and again: sixteen, so that the counters fit.
    const long = new Transport();
    long.counters[FIRST] = t.counters[FIRST];
    for (let i = 0; i < 320; i++) long.packet(FIRST, false, PES, 184);
    const block = newBlock(long.length)!;
    memory.copy(block.data, long.at(0), long.length);
    const size = 320 * 184;
    let given: u32 = 0;
    const d = r.demuxer;
    const before = heap().liveBytes;
    for (let k: u32 = 0; k < MAX_PES / size + 10 && !given; k++) {
      must(d.feed(block, block.data, long.length, <i64>k * long.length), "there is memory");
      while (d.next()) {
        const s = d.stream!;
        must(s.more && !s.continued, "a first part");
        given = s.size;
        d.taken(s);
      }
    }
    must(given >= MAX_PES && given < MAX_PES + (1 << 20), `${given} bytes`);
    expect<u32>(heap().liveBytes).toBeLessThan(before + 100_000);
    blockUnref(block);
    d.release();
    end();
  });

  test("a stream of one packet, and one that ends in the middle of a packet", () => {
    begin();
    const t = tables(1);
    const random = new Random(17);
    const u = new Unit(FIRST, 5, -1, 100, 0);
    t.put(FIRST, PES, makePes(PES, random, u, true, 0), 184, null);
    t.length += 100;
    store<u8>(t.at(t.length - 100), 0x47);
    expect<string>(new Reader().read(t, 1 << 20, null).differs([u])).toBe("");
    const one = new Transport();
    one.pat();
    const r = new Reader().read(one, 50, null);
    expect<i32>(r.got.length).toBe(0);
    end();
  });

  test("adaptation fields that are longer than the packet are no reason to read behind it", () => {
    begin();
    const random = new Random(18);
    const t = tables(1);
    const body = new StaticArray<u8>(184);
    for (let length: u32 = 183; length < 256; length++) {
      const at = t.length;
      t.packet(FIRST, true, PES, 100);
      store<u8>(t.at(at) + 4, length);
      // Behind the packet, where the payload would start, a PES packet does.
      const n = makePes(changetype<usize>(body), random, new Unit(FIRST, 1, -1, 20, 0), true, 0);
      const place = 5 + length < 192 ? 0 : 5 + length - 192;
      memory.copy(PES, changetype<usize>(body), n);
      memory.fill(changetype<usize>(body), 0, 184);
      memory.copy(changetype<usize>(body) + place, PES, n);
      t.packet(0x1ffe, false, changetype<usize>(body), 184);
    }
    const r = new Reader().read(t, 1 << 20, null);
    expect<i32>(r.got.length).toBe(0);
    end();
  });
});

function isAmong(units: Array<Unit>, g: Got): bool {
  for (let i = 0; i < units.length; i++) {
    const u = units[i];
    if (g.pid == u.pid && g.size == u.size && g.hash == u.hash && g.pts == u.pts && g.dts == u.dts) return true;
  }
  return false;
}
