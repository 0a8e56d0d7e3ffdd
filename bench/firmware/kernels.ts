// Inner loops of the core on media that lies at fixed places, for kernels.c to compare with the same in C.
import { Biquad, resetBiquad, runBiquad, setBiquad } from "../../assembly/audio/biquad";
import { encodeMulaw } from "../../assembly/codecs/g711/mulaw";
import { StartCodeScanner } from "../../assembly/codecs/scanner";
import { Slices } from "../../assembly/core/slices";
import { RTP_HEADER, putRtpHeader } from "../../assembly/protocols/rtp/header";

/** Where the kernels read and write, as kernels.c knows. */
const RECORDS: usize = 0x3000;
const FOUND: usize = 0x3800;
const IN: usize = 0x4000;
const OUT: usize = 0x8000;

/** Bytes between RTP packets. */
const PACKET: u32 = 172;

function mulaw(n: u32): i32 {
  encodeMulaw(OUT, IN, n);
  return 0;
}

function headers(n: u32): i32 {
  let p = OUT;
  for (let i: u32 = 0; i < n; i++, p += PACKET) putRtpHeader(p, i == 0, 0, 65530 + i, 160 * i, 0x12345678);
  return <i32>RTP_HEADER;
}

function biquad(n: u32): i32 {
  const f = changetype<Biquad>(RECORDS);
  setBiquad(f, 2000, 4000, 2000, -12000, 5000);
  resetBiquad(f);
  runBiquad(f, OUT, IN, n);
  return f.y1;
}

function scan(n: u32): i32 {
  const scanner = changetype<StartCodeScanner>(RECORDS);
  scanner.reset();
  scanner.found = FOUND;
  scanner.room = 64;
  // One slice of the whole, which belongs to no block.
  const list = changetype<Slices>(RECORDS + 64);
  list.items = RECORDS + 128;
  list.count = 1;
  const slice = list.at(0);
  slice.data = IN;
  slice.length = n;
  slice.run = 0;
  scanner.scan(list);
  return scanner.count;
}

/** Runs a kernel on `work` samples, packets or bytes. */
export function step(now: i64, work: i32): i64 {
  switch (<i32>now) {
    case 0:
      return mulaw(work);
    case 1:
      return headers(work);
    case 2:
      return biquad(work);
    case 3:
      return scan(work);
  }
  return -1;
}
