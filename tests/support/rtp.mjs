// RTP packets for tests: made and read by rules of their own (RFC 3550 5.1), not those of the core.

/** A packet. */
export function packet({
  pt = 0,
  seq,
  timestamp,
  ssrc = 1,
  marker = false,
  payload,
  csrcs = [],
  extension,
  padding = 0,
}) {
  const head = Buffer.alloc(12 + 4 * csrcs.length);
  head[0] = 0x80 | (padding ? 0x20 : 0) | (extension ? 0x10 : 0) | csrcs.length;
  head[1] = (marker ? 0x80 : 0) | pt;
  head.writeUInt16BE(seq & 0xffff, 2);
  head.writeUInt32BE(timestamp >>> 0, 4);
  head.writeUInt32BE(ssrc >>> 0, 8);
  csrcs.forEach((v, i) => head.writeUInt32BE(v, 12 + 4 * i));
  const more = extension
    ? Buffer.concat([Buffer.from([0xbe, 0xde, 0, extension.length / 4]), extension])
    : Buffer.alloc(0);
  const end = Buffer.alloc(padding);
  if (padding) end[padding - 1] = padding;
  return Buffer.concat([head, more, payload, end]);
}

/** What a packet of 12 bytes of header has. */
export function read(data) {
  return {
    first: data[0],
    marker: data[1] >> 7 === 1,
    pt: data[1] & 127,
    seq: data.readUInt16BE(2),
    timestamp: data.readUInt32BE(4),
    ssrc: data.readUInt32BE(8),
    payload: data.subarray(12),
  };
}
