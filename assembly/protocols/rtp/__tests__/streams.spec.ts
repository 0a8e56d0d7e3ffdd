import { Random } from "../../../base/__tests__/random";
import { must } from "../../../base/__tests__/region";
import { NONE, SECOND } from "../../../core/time";
import { Arrival, RTPRECEIVER_SIZE, RtpReceiver } from "../basedepay";
import { RTPSENDER_SIZE, RtpSender } from "../basepay";
import { RTPHEADER_SIZE, RtpFault, RtpHeader } from "../header";
import { extendTimestamp, sequenceDistance } from "../sequence";

const SENDER: usize = memory.data(RTPSENDER_SIZE, 8);
const RECEIVER: usize = memory.data(RTPRECEIVER_SIZE, 8);
const HEADER: usize = memory.data(RTPHEADER_SIZE, 4);
const PACKET: usize = memory.data(12, 4);

const sender = changetype<RtpSender>(SENDER);
const receiver = changetype<RtpReceiver>(RECEIVER);
const h = changetype<RtpHeader>(HEADER);

function begin(ssrc: u32, sequence: u32, timestamp: u32): void {
  memory.fill(SENDER, 0, RTPSENDER_SIZE);
  sender.begin(ssrc, sequence, timestamp);
  sender.clockRate = 8000;
  sender.perfect = true;
  memory.fill(RECEIVER, 0, RTPRECEIVER_SIZE);
  receiver.reset();
  receiver.clockRate = 8000;
}

/** A packet of the sender. */
function packet(time: i64, offset: i64): RtpHeader {
  sender.stamp(time, offset);
  sender.emit(PACKET, false);
  must(h.parse(PACKET, 12, 0) == RtpFault.None, "it is a packet");
  return h;
}

function came(sequence: u32, timestamp: u32): RtpHeader {
  h.clear();
  h.ssrc = 1;
  h.sequence = sequence & 0xffff;
  h.timestamp = timestamp;
  return h;
}

test("sequence numbers and timestamps go round", () => {
  expect<i32>(sequenceDistance(65535, 0)).toBe(1);
  expect<i32>(sequenceDistance(0, 65535)).toBe(-1);
  expect<i32>(sequenceDistance(10, 10)).toBe(0);
  expect<i32>(sequenceDistance(0, 32767)).toBe(32767);
  expect<i32>(sequenceDistance(0, 32768)).toBe(-32768);
  expect<i64>(extendTimestamp(0xfffffff0, 0x10)).toBe(0x100000010);
  expect<i64>(extendTimestamp(0x100000010, 0xfffffff0)).toBe(0xfffffff0);
  const random = new Random(1);
  for (let i = 0; i < 1000; i++) {
    const last = <i64>(random.next() >> 8);
    const step = <i64>(<i32>random.next());
    must(extendTimestamp(last, <u32>(last + step)) == last + step, "the nearest");
  }
});

test("timestamps follow what was sent, not the jitter of times, until a new beginning", () => {
  begin(7, 65534, 0xffffff00);
  expect<u32>(packet(0, 0).timestamp).toBe(0xffffff00);
  expect<u32>(h.sequence).toBe(65534);
  expect<u32>(packet(20_100_000, 160).timestamp).toBe(0xffffffa0);
  expect<u32>(packet(39_000_000, 320).timestamp).toBe(0x40);
  expect<u32>(h.sequence).toBe(0);
  expect<u32>(h.ssrc).toBe(7);
  sender.resync();
  expect<u32>(packet(SECOND, 480).timestamp).toBe(<u32>(0xffffff00 + 8000));
  // Not perfect: the times alone, rounded down.
  sender.perfect = false;
  expect<u32>(packet(SECOND + 124_999, 640).timestamp).toBe(<u32>(0xffffff00 + 8000));
  expect<u32>(packet(SECOND + 125_000, 640).timestamp).toBe(<u32>(0xffffff00 + 8001));
});

test("media without times is counted on", () => {
  begin(7, 0, 5000);
  expect<u32>(packet(NONE, 0).timestamp).toBe(5000);
  expect<u32>(packet(NONE, 80).timestamp).toBe(5080);
  sender.resync();
  expect<u32>(packet(NONE, 160).timestamp).toBe(5080);
  expect<u32>(packet(NONE, 240).timestamp).toBe(5160);
});

test("what was sent is received in order, with the times it had, over both wraps", () => {
  const random = new Random(2);
  for (let round = 0; round < 20; round++) {
    begin(<u32>random.next(), 65536 - random.below(50), <u32>-(<i32>random.below(10000)));
    for (let i: i64 = 0; i < 200; i++) {
      const arrival = receiver.accept(packet(i * 20_000_000, i * 160), false, 100);
      must(arrival == (i ? Arrival.InOrder : Arrival.AfterLoss), "in order");
      must(receiver.timeOf(i ? NONE : 0) == i * 20_000_000, "time");
    }
    must(receiver.lost == 0 && receiver.late == 0, "nothing is missing");
  }
});

test("what is missing is counted, and what comes late is dropped", () => {
  begin(1, 0, 0);
  expect<Arrival>(receiver.accept(came(65530, 0), false, 100)).toBe(Arrival.AfterLoss, "the first");
  expect<Arrival>(receiver.accept(came(65531, 160), false, 100)).toBe(Arrival.InOrder);
  expect<Arrival>(receiver.accept(came(3, 320), false, 100)).toBe(Arrival.AfterLoss, "seven are missing");
  expect<u64>(receiver.lost).toBe(7);
  expect<Arrival>(receiver.accept(came(65533, 320), false, 100)).toBe(Arrival.Late);
  expect<Arrival>(receiver.accept(came(3, 320), false, 100)).toBe(Arrival.Late, "twice");
  expect<u64>(receiver.late).toBe(2);
  expect<Arrival>(receiver.accept(came(4, 480), false, 100)).toBe(Arrival.InOrder);
  expect<Arrival>(receiver.accept(came(4 - 99, 480), false, 100)).toBe(Arrival.Late, "100 behind");
  expect<Arrival>(receiver.accept(came(4 - 100, 480), false, 100)).toBe(Arrival.Restart, "101 behind");
  expect<Arrival>(receiver.accept(came(4 - 99, 640), false, 100)).toBe(Arrival.InOrder, "it goes on from there");
  expect<Arrival>(receiver.accept(came(50, 640), true, 100)).toBe(Arrival.AfterLoss, "known to be broken");
  expect<u64>(receiver.lost).toBe(7);
});

test("another source begins where the one before it ended, whatever its counters", () => {
  begin(1, 0, 0);
  receiver.accept(came(10, 1000), false, 100);
  expect<i64>(receiver.timeOf(SECOND)).toBe(SECOND);
  receiver.end = SECOND + 20_000_000;
  came(10, 0xf0000000).ssrc = 2;
  expect<Arrival>(receiver.accept(h, false, 100)).toBe(Arrival.Restart);
  expect<i64>(receiver.timeOf(NONE)).toBe(SECOND + 20_000_000);
  came(11, 0xf0000000 + 160).ssrc = 2;
  expect<Arrival>(receiver.accept(h, false, 100)).toBe(Arrival.InOrder);
  expect<i64>(receiver.timeOf(NONE)).toBe(SECOND + 40_000_000);
});

test("a time of its own is kept, and counted on from", () => {
  begin(1, 0, 0);
  receiver.accept(came(1, 8000), false, 100);
  expect<i64>(receiver.timeOf(NONE)).toBe(0, "without any it begins at 0");
  receiver.accept(came(2, 8160), false, 100);
  expect<i64>(receiver.timeOf(5 * SECOND)).toBe(5 * SECOND);
  receiver.accept(came(3, 8320), false, 100);
  expect<i64>(receiver.timeOf(NONE)).toBe(5 * SECOND + 20_000_000);
});

test("timestamps that go back before 0 do not make times that do", () => {
  begin(1, 0, 0);
  receiver.accept(came(1, 0x40000000), false, 100);
  expect<i64>(receiver.timeOf(NONE)).toBe(0);
  receiver.end = 20_000_000;
  receiver.accept(came(2, 0), false, 100);
  expect<i64>(receiver.timeOf(NONE)).toBe(20_000_000);
  receiver.accept(came(3, 160), false, 100);
  expect<i64>(receiver.timeOf(NONE)).toBe(40_000_000);
});

test("a packet for somebody else has its place in the sequence", () => {
  begin(1, 0, 0);
  receiver.pass(came(5, 0));
  expect<bool>(receiver.begun).toBe(false);
  receiver.accept(came(10, 0), false, 100);
  receiver.pass(came(11, 0));
  expect<Arrival>(receiver.accept(came(12, 160), false, 100)).toBe(Arrival.InOrder);
  expect<u64>(receiver.lost).toBe(0);
});

test("anything that comes has a time that is not negative", () => {
  const random = new Random(5);
  begin(1, 0, 0);
  for (let i = 0; i < 20000; i++) {
    came(random.below(65536), <u32>random.next()).ssrc = random.below(20) ? 1 : 2;
    if (receiver.accept(h, !random.below(10), random.below(200)) == Arrival.Late) continue;
    const pts = random.below(5) ? NONE : <i64>random.spread(60);
    const time = receiver.timeOf(pts);
    must(time >= 0 && (pts == NONE || time == pts), "time");
    receiver.end = time + 20_000_000;
  }
  must(receiver.lost < (<u64>20000) << 15, "lost");
});
