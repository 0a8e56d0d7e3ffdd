// MPEG transport streams, whole and damaged. Clauses are of ISO/IEC 13818-1.
import { BitWriter, Random, crcMpeg } from "./vector-bits.mjs";
import { FRAME_SAMPLES, frames } from "./vector-aac.mjs";
import { pictures } from "./vector-h264.mjs";

const PMT_PID = 0x1000;
const NULL_PID = 0x1fff;
const TICKS = 90000;
const WRAP = 2 ** 33;

/** Distance of decoding times from the clock reference that comes with them. */
const DELAY = TICKS / 5;

const wrapped = (ticks) => ((ticks % WRAP) + WRAP) % WRAP;

/** A section with its CRC (§2.4.4). */
function section(table, id, version, body) {
  const w = new BitWriter();
  w.bits(8, table)
    .bits(4, 0xb)
    .bits(12, body.length + 9);
  w.bits(16, id).bits(2, 3).bits(5, version).bits(1, 1).bits(16, 0);
  const data = w.bytes(body).done();
  return Buffer.concat([data, new BitWriter().bits(32, crcMpeg(data)).done()]);
}

/** §2.4.4.3 */
function associations(programs) {
  const w = new BitWriter();
  for (const p of programs) w.bits(16, p.number).bits(3, 7).bits(13, p.pmtPid);
  return section(0, 1, 0, w.done());
}

/** §2.4.4.8 */
function programMap(program, version) {
  const w = new BitWriter();
  w.bits(3, 7).bits(13, program.pcrPid).bits(4, 15).bits(12, 0);
  for (const s of program.streams) {
    const descriptors = Buffer.from(s.descriptors ?? "", "hex");
    w.bits(8, s.type).bits(3, 7).bits(13, s.pid).bits(4, 15).bits(12, descriptors.length).bytes(descriptors);
  }
  return section(2, program.number, version, w.done());
}

/** 33 bits of a time with marker bits (§2.4.3.7). */
function timestamp(w, prefix, ticks) {
  const t = wrapped(ticks);
  const high = Math.floor(t / 2 ** 30);
  w.bits(4, prefix).bits(3, high).bits(1, 1);
  w.bits(15, Math.floor(t / 2 ** 15) % 2 ** 15).bits(1, 1);
  return w.bits(15, t % 2 ** 15).bits(1, 1);
}

/** §2.4.3.6 */
function pes(stream, unit) {
  const both = unit.dts !== unit.pts;
  const w = new BitWriter();
  const stuffing = stream.pesStuffing ?? 0;
  const head = unit.pts === null ? 0 : both ? 10 : 5;
  const length = unit.data.length + 3 + head + stuffing;
  w.bits(24, 1).bits(8, stream.streamId);
  w.bits(16, stream.bounded && length < 65536 ? length : 0);
  w.bits(2, 2)
    .bits(3, 0)
    .bits(1, stream.aligned ? 1 : 0)
    .bits(2, 0);
  w.bits(2, unit.pts === null ? 0 : both ? 3 : 2).bits(6, 0);
  w.bits(8, head + stuffing);
  if (unit.pts !== null) timestamp(w, both ? 3 : 2, unit.pts);
  if (unit.pts !== null && both) timestamp(w, 1, unit.dts);
  for (let i = 0; i < stuffing; i++) w.bits(8, 255);
  return Buffer.concat([w.done(), unit.data]);
}

/** Writes packets of 188 bytes. */
class Packets {
  constructor(scrambled) {
    this.list = [];
    this.counters = new Map();
    this.scrambled = scrambled;
  }

  /**
   * Cuts data into packets.
   * @param pcr clock reference in 27 MHz for the first packet, or null
   */
  put(pid, data, { pcr = null, random = false } = {}) {
    let at = 0;
    do {
      const start = at === 0;
      const fields = [];
      if (start && (pcr !== null || random)) {
        fields.push((random ? 0x40 : 0) | (pcr !== null ? 0x10 : 0));
        if (pcr !== null) {
          const base = wrapped(Math.floor(pcr / 300));
          const w = new BitWriter();
          w.bits(1, Math.floor(base / 2 ** 32)).bits(32, base % 2 ** 32);
          fields.push(
            ...w
              .bits(6, 63)
              .bits(9, pcr % 300)
              .done(),
          );
        }
      }
      const room = 184 - (fields.length ? fields.length + 1 : 0);
      const n = Math.min(room, data.length - at);
      this.packet(pid, start, fields, data.subarray(at, at + n));
      at += n;
    } while (at < data.length);
  }

  packet(pid, start, fields, payload) {
    const counter = this.counters.get(pid) ?? 0;
    if (payload.length) this.counters.set(pid, (counter + 1) & 15);
    const w = new BitWriter();
    w.bits(8, 0x47)
      .bits(1, 0)
      .bits(1, start ? 1 : 0)
      .bits(1, 0)
      .bits(13, pid);
    const stuffing = 184 - payload.length - (fields.length ? fields.length + 1 : 0);
    const adaptation = fields.length > 0 || stuffing > 0;
    w.bits(2, this.scrambled.has(pid) ? 2 : 0)
      .bits(1, adaptation ? 1 : 0)
      .bits(1, payload.length ? 1 : 0)
      .bits(4, counter);
    const head = w.done();
    const field = [];
    if (adaptation) {
      field.push(184 - payload.length - 1);
      if (field[0]) field.push(...(fields.length ? fields : [0]));
      while (field.length < 184 - payload.length) field.push(255);
    }
    this.list.push(Buffer.concat([head, Buffer.from(field), payload]));
  }
}

/** The units of a stream with times in ticks from 0. */
function unitsOf(stream, random) {
  switch (stream.codec) {
    case "h264": {
      const list = pictures(stream);
      const [num, den] = stream.rate ?? [25, 1];
      const ticks = (n) => Math.round((n * TICKS * den) / num);
      return list.map((p) => ({ data: p.data, dts: ticks(p.dts), pts: ticks(p.pts), key: p.key }));
    }
    case "aac": {
      const list = frames(stream);
      const per = stream.framesPerPes ?? 1;
      const units = [];
      for (let i = 0; i < list.length; i += per) {
        const pts = Math.round((i * FRAME_SAMPLES * TICKS) / (stream.rate ?? 48000));
        units.push({ data: Buffer.concat(list.slice(i, i + per)), dts: pts, pts, key: true });
      }
      return units;
    }
    default: {
      // Bytes without a meaning, in units of `size` bytes every `every` ticks.
      const { units = 5, size = 300, every = 3600, timed = true } = stream;
      return Array.from({ length: units }, (_, i) => {
        const pts = timed ? i * every : null;
        return { data: random.bytes(size), dts: pts, pts, at: i * every, key: true };
      });
    }
  }
}

const STREAM = {
  h264: { type: 0x1b, streamId: 0xe0, pid: 0x100, bounded: false, aligned: true },
  aac: { type: 0x0f, streamId: 0xc0, pid: 0x110, bounded: true, aligned: true },
  loas: { type: 0x11, streamId: 0xc0, pid: 0x110, bounded: true, aligned: true },
  other: { type: 0x06, streamId: 0xbd, pid: 0x120, bounded: true, aligned: true },
};

/**
 * A transport stream.
 * @param options
 *   streams      list of { codec: h264 | aac | other, program, pid, type, streamId, bounded, pesStuffing, descriptors (hex),
 *                ... } and what the codec's generator takes; type says what the program table calls it; of the codec
 *                other: units, size, every (ticks), timed, sections (private sections in the place of PES packets)
 *   start        time of the first unit, 90 kHz ticks
 *   clock        whether clock references are sent
 *   tablesEvery  packets from one pair of program tables to the next; 0 for only in front
 *   tablesAfter  packets before the first tables
 *   mapVersions  list of [packet, options of a stream by its number]: from that packet on the program map is another one
 *   nulls        a null packet after every so many packets
 *   packetSize   188, 192 (arrival times in front) or 204 (check bytes behind)
 *   lose         numbers of packets that are left out; repeat: that are sent twice
 *   scrambled    PIDs
 *   badCrc       whether the CRC of the first program map is wrong
 *   garbage      list of [packet, bytes]: so many random bytes in front of it
 *   discontinuity  packet from which on times are `jump` ticks later
 *   seed
 */
export function transportStream(options = {}) {
  const o = {
    ...{ streams: [{ codec: "h264" }, { codec: "aac" }], start: TICKS, clock: true, tablesEvery: 40, tablesAfter: 0 },
    ...{ mapVersions: [], nulls: 0, packetSize: 188, lose: [], repeat: [], scrambled: [], badCrc: false, garbage: [] },
    ...{ discontinuity: Infinity, jump: 0, seed: 1 },
    ...options,
  };
  const random = new Random(o.seed);
  const streams = o.streams.map((s, i) => {
    const kind = s.codec === "aac" && s.framing === "loas" ? STREAM.loas : STREAM[s.codec];
    return { ...kind, program: 1, ...s, pid: s.pid ?? kind.pid + i };
  });
  const programs = [...new Set(streams.map((s) => s.program))].map((number, i) => {
    const own = streams.filter((s) => s.program === number);
    return { number, pmtPid: PMT_PID + i, pcrPid: o.clock ? own[0].pid : NULL_PID, streams: own };
  });
  const units = streams
    .flatMap((stream) => unitsOf(stream, random).map((unit) => ({ ...unit, stream, at: unit.at ?? unit.dts })))
    .sort((a, b) => a.at - b.at || streams.indexOf(a.stream) - streams.indexOf(b.stream));

  const packets = new Packets(new Set(o.scrambled));
  const changes = [...o.mapVersions];
  let version = 0;
  let nextTables = o.tablesAfter;
  let nulls = 0;
  let bad = o.badCrc;
  for (const unit of units) {
    const here = packets.list.length;
    if (changes.length && here >= changes[0][0]) {
      const [, changed] = changes.shift();
      version++;
      for (const [i, more] of Object.entries(changed)) Object.assign(streams[i], more);
      nextTables = here;
    }
    if (here >= nextTables) {
      nextTables = o.tablesEvery ? here + o.tablesEvery : Infinity;
      packets.put(0, Buffer.concat([Buffer.of(0), associations(programs)]));
      for (const p of programs) {
        const map = programMap(p, version);
        if (bad) map[map.length - 1] ^= 1;
        packets.put(p.pmtPid, Buffer.concat([Buffer.of(0), map]));
      }
      bad = false;
    }
    const base = o.start + (here >= o.discontinuity ? o.jump : 0);
    const shift = (t) => (t === null ? null : base + t);
    const data = unit.stream.sections
      ? Buffer.concat([Buffer.of(0), section(0x80, 1, 0, unit.data)])
      : pes(unit.stream, { data: unit.data, dts: shift(unit.dts), pts: shift(unit.pts) });
    const program = programs.find((p) => p.number === unit.stream.program);
    const clock = program.pcrPid === unit.stream.pid ? 300 * (base + unit.at - DELAY) : null;
    packets.put(unit.stream.pid, data, { pcr: clock, random: unit.key && unit.stream.codec === "h264" });
    if (!o.nulls) continue;
    for (; nulls < Math.floor(packets.list.length / o.nulls); nulls++) {
      packets.packet(NULL_PID, false, [], Buffer.alloc(184, 255));
    }
  }

  const out = [];
  const garbage = new Map(o.garbage);
  packets.list.forEach((packet, i) => {
    if (garbage.has(i)) out.push(random.bytes(garbage.get(i)));
    const times = o.lose.includes(i) ? 0 : o.repeat.includes(i) ? 2 : 1;
    for (let k = 0; k < times; k++) {
      // Arrival times are 30 bits of 27 MHz.
      if (o.packetSize === 192)
        out.push(
          new BitWriter()
            .bits(2, 0)
            .bits(30, (i * 1000) % 2 ** 30)
            .done(),
        );
      out.push(packet);
      if (o.packetSize === 204) out.push(random.bytes(16));
    }
  });
  if (garbage.has(packets.list.length)) out.push(random.bytes(garbage.get(packets.list.length)));
  return Buffer.concat(out);
}
