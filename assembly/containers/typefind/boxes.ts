import { fourcc } from "../../base/bytes";
import { Atom } from "../../generated/words";
import { Probability, TypeFinder } from "./finder";

/** Boxes of ISO/IEC 14496-12 and QuickTime files that can stand at the top. */
const enum Box {
  ftyp = 0x66747970,
  styp = 0x73747970,
  moov = 0x6d6f6f76,
  moof = 0x6d6f6f66,
  mdat = 0x6d646174,
  sidx = 0x73696478,
  emsg = 0x656d7367,
  prft = 0x70726674,
  free = 0x66726565,
  skip = 0x736b6970,
  wide = 0x77696465,
  pnot = 0x706e6f74,
  udta = 0x75647461,
  uuid = 0x75756964,
  meta = 0x6d657461,
  mvhd = 0x6d766864,
  mfhd = 0x6d666864,
  cmov = 0x636d6f76,
  jP = 0x6a502020,
}

/** Boxes that are looked at. */
const MAX_BOXES: u32 = 16;

/** MP4, QuickTime and the image formats of their kind: by brand, or by what stands in front. */
export function findBoxes(f: TypeFinder): void {
  let at: u32 = 0;
  let fragmented = false;
  // How sure the boxes so far make it.
  let probability = 0;
  for (let i: u32 = 0; i < MAX_BOXES; i++) {
    if (!f.has(at, 8)) {
      if (at || (f.length && f.length < 8)) f.want(at + 8, Probability.Maximum);
      break;
    }
    const type = f.u32(at + 4);
    let size = <u64>f.u32(at);
    let header: u32 = 8;
    if (size == 1) {
      if (!f.has(at, 16)) {
        f.want(at + 16, Probability.Maximum);
        break;
      }
      size = ((<u64>f.u32(at + 8)) << 32) | f.u32(at + 12);
      header = 16;
    }
    if (size && size < header) break;
    let certain = false;
    switch (type) {
      case Box.ftyp:
        if (!i || probability || f.media == Atom.image_jp2) {
          findBrand(f, at, size);
          return;
        }
        break;
      case Box.jP:
        // The signature of JPEG 2000; the file type follows.
        if (!i && size == 12) f.offer(Atom.image_jp2, Probability.NearlyCertain);
        break;
      case Box.moov:
        certain = f.is(at + header + 4, Box.mvhd) || f.is(at + header + 4, Box.cmov);
        probability = max<i32>(probability, certain ? Probability.Maximum : Probability.Likely);
        break;
      case Box.moof:
        fragmented = true;
        certain = f.is(at + header + 4, Box.mfhd);
        probability = max<i32>(probability, certain ? Probability.Maximum : Probability.Likely);
        break;
      case Box.styp:
      case Box.sidx:
      case Box.prft:
      case Box.emsg:
        fragmented = true;
        probability = max<i32>(probability, type == Box.styp ? Probability.NearlyCertain : Probability.Likely);
        break;
      case Box.mdat:
      case Box.wide:
      case Box.pnot:
        probability = max<i32>(probability, Probability.Likely);
        break;
      case Box.free:
      case Box.skip:
      case Box.udta:
      case Box.uuid:
      case Box.meta:
        probability = max<i32>(probability, Probability.Possible);
        break;
      default:
        i = MAX_BOXES;
        break;
    }
    if (certain || i == MAX_BOXES || !size || size > 0x7fffffff - at) break;
    at += <u32>size;
  }
  if (!probability || !f.offer(Atom.video_quicktime, probability)) return;
  if (fragmented) f.text(Atom.variant, Atom.iso_fragmented);
}

/** A file type box: what its major brand says, and where that leaves it open its other brands. */
function findBrand(f: TypeFinder, at: u32, size: u64): void {
  const end = <u32>min<u64>(<u64>at + size, <u64>at + 1024);
  if (!f.has(at, 12)) {
    f.want(at + 12, Probability.Maximum);
    return;
  }
  if (!f.has(at, end - at)) f.want(end, Probability.Maximum);
  const major = f.u32(at + 8);
  let brand = major;
  if (major == fourcc(109, 105, 102, 49) || major == fourcc(109, 115, 102, 49)) {
    for (let p = at + 16; p + 4 <= end && f.has(p, 4); p += 4) {
      if (isImage(f.u32(p))) {
        brand = f.u32(p);
        break;
      }
    }
  }
  const three = brand & 0xffffff00;
  let media: u32 = Atom.video_quicktime;
  let variant: u32 = Atom.iso;
  if (brand == fourcc(113, 116, 32, 32)) variant = 0;
  else if (brand == fourcc(105, 115, 109, 108) || brand == fourcc(112, 105, 102, 102)) variant = Atom.iso_fragmented;
  else if (three == fourcc(51, 103, 112, 0) || three == fourcc(51, 103, 103, 0) || three == fourcc(51, 103, 114, 0)) {
    media = Atom.application_x_3gp;
  } else if (three == fourcc(51, 103, 115, 0) || three == fourcc(51, 103, 101, 0) || three == fourcc(51, 103, 50, 0)) {
    media = Atom.application_x_3gp;
  } else if (three == fourcc(77, 52, 65, 0) || three == fourcc(77, 52, 66, 0) || three == fourcc(77, 52, 80, 0)) {
    media = Atom.audio_x_m4a;
  } else if (brand == fourcc(109, 106, 112, 50)) media = Atom.video_mj2;
  else if (brand == fourcc(106, 112, 50, 32) || brand == fourcc(106, 112, 120, 32)) media = Atom.image_jp2;
  else if (brand == fourcc(97, 118, 105, 102) || brand == fourcc(97, 118, 105, 115)) media = Atom.image_avif;
  else if (isHeic(brand)) media = Atom.image_heic;
  else if (brand == fourcc(109, 105, 102, 49) || brand == fourcc(109, 115, 102, 49)) media = Atom.image_heif;
  if (f.offer(media, Probability.Maximum) && media == Atom.video_quicktime && variant) f.text(Atom.variant, variant);
}

/** Brands of ISO/IEC 23008-12, annex B: heic, heix, heim, heis, hevc, hevx, hevm, hevs. */
function isHeic(brand: u32): bool {
  const last = brand & 255;
  const three = brand & 0xffffff00;
  if (three != fourcc(104, 101, 105, 0) && three != fourcc(104, 101, 118, 0)) return false;
  return last == 99 || last == 120 || last == 109 || last == 115;
}

function isImage(brand: u32): bool {
  return isHeic(brand) || brand == fourcc(97, 118, 105, 102) || brand == fourcc(97, 118, 105, 115);
}
