/** The counters of RTP go round: sequence numbers after 16 bits, timestamps after 32 (RFC 3550 5.1). */

/** How far sequence number `to` is ahead of `from`, -32768 to 32767. */
@inline
export function sequenceDistance(from: u32, to: u32): i32 {
  return (<i32>((to - from) << 16)) >> 16;
}

/** The timestamp without end that is nearest to `last` and has `timestamp` as its low half. */
@inline
export function extendTimestamp(last: i64, timestamp: u32): i64 {
  return last + <i64>(<i32>(timestamp - <u32>last));
}
