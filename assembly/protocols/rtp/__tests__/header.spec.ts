import { Random } from "../../../base/__tests__/random";
import { must } from "../../../base/__tests__/region";
import { MAX_CSRCS, RTPHEADER_SIZE, RTP_HEADER, RTP_LOOK, RtpFault, RtpHeader, putRtpHeader } from "../header";

const A: usize = memory.data(RTPHEADER_SIZE, 4);
const B: usize = memory.data(RTPHEADER_SIZE, 4);
const PACKET: usize = memory.data(300000, 8);

const a = changetype<RtpHeader>(A);
const b = changetype<RtpHeader>(B);

/** Parses the first bytes of PACKET, of which only those are there that a header may need. */
function parse(h: RtpHeader, bytes: u32): RtpFault {
  const look = new StaticArray<u8>(<i32>max<u32>(min<u32>(bytes, RTP_LOOK), 1));
  memory.copy(changetype<usize>(look), PACKET, min<u32>(bytes, RTP_LOOK));
  return h.parse(changetype<usize>(look), bytes, bytes ? <u32>load<u8>(PACKET + bytes - 1) : 0);
}

test("a packet by hand: PCMU, marker, two sources, an extension of one byte headers (RFC 8285 4.2), padding", () => {
  const bytes: u8[] = [
    0xb2, 0x80, 0x12, 0x34, 0x00, 0x00, 0x00, 0xa0, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 1, 0, 0, 0, 2, 0xbe, 0xde, 0, 1,
    0x10, 0xff, 0, 0, 0x11, 0x22, 0x33, 0, 0, 3,
  ];
  for (let i = 0; i < bytes.length; i++) store<u8>(PACKET + i, bytes[i]);
  expect<RtpFault>(parse(a, bytes.length)).toBe(RtpFault.None);
  expect<bool>(a.marker).toBe(true);
  expect<u32>(a.payloadType).toBe(0);
  expect<u32>(a.sequence).toBe(0x1234);
  expect<u32>(a.timestamp).toBe(160);
  expect<u32>(a.ssrc).toBe(0xdeadbeef);
  expect<u32>(a.csrcs).toBe(2);
  expect<u32>(a.csrc(0)).toBe(1);
  expect<u32>(a.csrc(1)).toBe(2);
  expect<bool>(a.extended).toBe(true);
  expect<u32>(a.profile).toBe(0xbede);
  expect<u32>(a.extensionWords).toBe(1);
  expect<u32>(a.padding).toBe(3);
  expect<u32>(a.size).toBe(28);
  expect<u32>(a.payload).toBe(3);
});

/** A header of anything. */
function anything(h: RtpHeader, random: Random): RtpHeader {
  h.clear();
  h.marker = random.bool();
  h.payloadType = random.below(128);
  h.sequence = random.below(65536);
  h.timestamp = <u32>random.next();
  h.ssrc = <u32>random.next();
  for (let k = random.below(MAX_CSRCS + 1); k > 0; k--) h.addCsrc(<u32>random.next());
  if (random.bool()) h.extend(random.below(65536), <u32>random.spread(random.below(20) ? 6 : 16));
  h.payload = <u32>random.spread(11);
  if (random.bool()) h.padding = 1 + random.below(255);
  return h;
}

/** Writes a whole packet; its bytes. */
function emit(h: RtpHeader, random: Random): u32 {
  const n = h.emit(PACKET);
  must(n + (h.extensionWords << 2) == h.size, "the size is what is written");
  const bytes = h.size + h.payload + h.padding;
  random.fill(PACKET + n, bytes - n);
  if (h.padding) store<u8>(PACKET + bytes - 1, h.padding);
  return bytes;
}

test("what is emitted is parsed to the same, whatever it is", () => {
  const random = new Random(1);
  for (let round = 0; round < 3000; round++) {
    anything(a, random);
    const bytes = emit(a, random);
    random.fill(B, RTPHEADER_SIZE);
    must(parse(b, bytes) == RtpFault.None, "it is a packet");
    must(a.marker == b.marker && a.payloadType == b.payloadType && a.sequence == b.sequence, "first words");
    must(a.timestamp == b.timestamp && a.ssrc == b.ssrc && a.csrcs == b.csrcs, "stamps");
    must(a.extended == b.extended && a.profile == b.profile && a.extensionWords == b.extensionWords, "extension");
    must(a.padding == b.padding && a.size == b.size && a.payload == b.payload, "sizes");
    for (let i: u32 = 0; i < a.csrcs; i++) must(a.csrc(i) == b.csrc(i), "sources");
  }
});

test("a packet that is cut off is refused, until only payload is missing", () => {
  const random = new Random(2);
  for (let round = 0; round < 300; round++) {
    anything(a, random);
    a.padding = 0;
    emit(a, random);
    for (let n: u32 = 0; n < min<u32>(a.size + 5, 400); n++) {
      const fault = parse(b, n);
      if (n >= a.size) must(fault == RtpFault.None && b.payload == n - a.size, "payload");
      else if (n < RTP_HEADER) must(fault == RtpFault.Short, "short");
      else if (n < RTP_HEADER + (a.csrcs << 2)) must(fault == RtpFault.Sources, "sources");
      else must(fault == RtpFault.Extension, "extension");
    }
  }
});

test("padding that is none, or more than there is, is refused", () => {
  putRtpHeader(PACKET, false, 0, 0, 0, 0);
  store<u8>(PACKET, 0xa0);
  memory.fill(PACKET + 12, 0, 8);
  expect<RtpFault>(parse(a, 20)).toBe(RtpFault.Padding, "0 bytes");
  store<u8>(PACKET, 9, 19);
  expect<RtpFault>(parse(a, 20)).toBe(RtpFault.Padding, "more than there is");
  store<u8>(PACKET, 8, 19);
  expect<RtpFault>(parse(a, 20)).toBe(RtpFault.None, "all of it");
  expect<u32>(a.payload).toBe(0);
  expect<RtpFault>(parse(a, 12)).toBe(RtpFault.Padding, "no byte to count it");
});

test("other versions are refused", () => {
  putRtpHeader(PACKET, true, 127, 65535, 0xffffffff, 0x80000000);
  expect<RtpFault>(parse(a, 12)).toBe(RtpFault.None);
  expect<u32>(a.payloadType).toBe(127);
  expect<u32>(a.sequence).toBe(65535);
  for (let v: u32 = 0; v < 4; v++) {
    store<u8>(PACKET, v << 6);
    expect<RtpFault>(parse(a, 12)).toBe(v == 2 ? RtpFault.None : RtpFault.Version);
  }
});

test("any bytes are a packet within their bounds, or refused", () => {
  const random = new Random(3);
  let good = 0;
  for (let round = 0; round < 20000; round++) {
    const n = <u32>random.spread(8);
    random.fill(PACKET, max<u32>(n, 1));
    if (random.below(4)) store<u8>(PACKET, 0x80 | random.below(64));
    if (parse(a, n) != RtpFault.None) continue;
    good++;
    must(a.size >= 12 && a.size + a.payload + a.padding == n, "the parts make up the packet");
  }
  expect<i32>(good).toBeGreaterThan(1000);
});

test("no more sources than a header can count", () => {
  a.clear();
  for (let i: u32 = 0; i < MAX_CSRCS; i++) expect<bool>(a.addCsrc(i)).toBe(true);
  expect<bool>(a.addCsrc(99)).toBe(false);
  expect<u32>(a.emit(PACKET)).toBe(72);
});
