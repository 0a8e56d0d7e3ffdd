import { be32, be64 } from "../../base/bytes";

/**
 * Boxes of ISO base media files (ISO/IEC 14496-12 §4.2) in memory. A box is its address; all sizes are held against the
 * end of what surrounds it, so a box that claims more than there is ends where its parent ends.
 *
 *      0 size  bytes with this header; 1: 64 bits follow the type; 0: up to the end
 *      4 type
 */

/** Boxes of the file, the movie and its fragments, and of sample tables. */
export const enum Fourcc {
  ftyp = 0x66747970,
  styp = 0x73747970,
  moov = 0x6d6f6f76,
  moof = 0x6d6f6f66,
  mdat = 0x6d646174,
  free = 0x66726565,
  skip = 0x736b6970,
  wide = 0x77696465,
  pnot = 0x706e6f74,
  sidx = 0x73696478,
  ssix = 0x73736978,
  emsg = 0x656d7367,
  prft = 0x70726674,
  mfra = 0x6d667261,
  uuid = 0x75756964,
  meta = 0x6d657461,
  mvhd = 0x6d766864,
  mvex = 0x6d766578,
  trex = 0x74726578,
  mehd = 0x6d656864,
  trak = 0x7472616b,
  tkhd = 0x746b6864,
  mdia = 0x6d646961,
  mdhd = 0x6d646864,
  hdlr = 0x68646c72,
  minf = 0x6d696e66,
  stbl = 0x7374626c,
  stsd = 0x73747364,
  stts = 0x73747473,
  ctts = 0x63747473,
  stsc = 0x73747363,
  stsz = 0x7374737a,
  stz2 = 0x73747a32,
  stco = 0x7374636f,
  co64 = 0x636f3634,
  stss = 0x73747373,
  sdtp = 0x73647470,
  tref = 0x74726566,
  edts = 0x65647473,
  elst = 0x656c7374,
  udta = 0x75647461,
  ilst = 0x696c7374,
  cmov = 0x636d6f76,
  mfhd = 0x6d666864,
  traf = 0x74726166,
  tfhd = 0x74666864,
  tfdt = 0x74666474,
  trun = 0x7472756e,
  tfra = 0x74667261,
  mfro = 0x6d66726f,
  vmhd = 0x766d6864,
  smhd = 0x736d6864,
  nmhd = 0x6e6d6864,
  sthd = 0x73746864,
  dinf = 0x64696e66,
  dref = 0x64726566,

  // Boxes inside sample entries and tags
  sinf = 0x73696e66,
  frma = 0x66726d61,
  schm = 0x7363686d,
  wave = 0x77617665,
  esds = 0x65736473,
  avcC = 0x61766343,
  hvcC = 0x68766343,
  vvcC = 0x76766343,
  vpcC = 0x76706343,
  av1C = 0x61763143,
  dOps = 0x644f7073,
  dac3 = 0x64616333,
  dec3 = 0x64656333,
  dac4 = 0x64616334,
  dfLa = 0x64664c61,
  alac = 0x616c6163,
  pcmC = 0x70636d43,
  colr = 0x636f6c72,
  pasp = 0x70617370,
  clap = 0x636c6170,
  srat = 0x73726174,
  btrt = 0x62747274,
  fiel = 0x6669656c,
  enda = 0x656e6461,
  glbl = 0x676c626c,
  d263 = 0x64323633,
  damr = 0x64616d72,
  ddts = 0x64647473,
  vttC = 0x76747443,
  data = 0x64617461,
}

/** Bytes of a box header, and of one with a 64-bit size. */
export const HEADER: u32 = 8;
export const LARGE_HEADER: u32 = 16;

/**
 * Bytes of the box at `p`, header included, as far as they lie before `end`; 0 when there is no whole header or the size
 * is less than the header. Boxes of a list are walked as `for (let p = from; (n = boxSize(p, end)); p += n)`.
 */
export function boxSize(p: usize, end: usize): u32 {
  const left = <u32>(end - p);
  if (p >= end || left < HEADER) return 0;
  const size = be32(p);
  if (size >= HEADER) return min<u32>(size, left);
  if (size == 0) return left;
  if (size != 1 || left < LARGE_HEADER) return 0;
  const large = be64(p + 8);
  return large < LARGE_HEADER ? 0 : <u32>min<u64>(large, left);
}

@inline
export function boxType(p: usize): u32 {
  return be32(p + 4);
}

/** Address of what a box holds; the box has been seen by `boxSize`. */
@inline
export function boxBody(p: usize): usize {
  return p + (be32(p) == 1 ? LARGE_HEADER : HEADER);
}

/** Address of the first box of a type in a list of boxes, or 0. */
export function findBox(from: usize, end: usize, type: u32): usize {
  let n: u32 = 0;
  for (let p = from; (n = boxSize(p, end)); p += n) if (boxType(p) == type) return p;
  return 0;
}

/** Whether a word can be the type of a box: letters, digits, space, and the copyright sign of QuickTime tags. */
export function isBoxType(type: u32): bool {
  for (let i: u32 = 0; i < 32; i += 8) {
    const c = (type >> i) & 255;
    if ((c < 32 || c > 126) && c != 0xa9) return false;
  }
  return true;
}

/** Whether a word is a type that boxes at the top of a file have. */
export function isTopLevel(type: u32): bool {
  switch (type) {
    case Fourcc.ftyp:
    case Fourcc.styp:
    case Fourcc.moov:
    case Fourcc.moof:
    case Fourcc.mdat:
    case Fourcc.free:
    case Fourcc.skip:
    case Fourcc.wide:
    case Fourcc.pnot:
    case Fourcc.sidx:
    case Fourcc.ssix:
    case Fourcc.emsg:
    case Fourcc.prft:
    case Fourcc.mfra:
    case Fourcc.uuid:
    case Fourcc.meta:
      return true;
    default:
      return false;
  }
}
