/** Bits of a sample by the name of the format. */
function sampleBits(format: string): number | undefined {
  const m = /^[SUF](\d+)(?:_(\d+))?(?:LE|BE)?$/.exec(format);
  return m ? Number(m[2] ?? m[1]) : undefined;
}

/** Bytes of one sample of all channels by caps of audio/x-raw; undefined for other caps. */
export function sampleBytes(fields: ReadonlyMap<string, string>): number | undefined {
  const media = fields.get("");
  if (media === "audio/x-mulaw" || media === "audio/x-alaw") return Number(fields.get("channels") ?? 1);
  const bits = sampleBits(fields.get("format") ?? "");
  return bits === undefined ? undefined : (bits / 8) * Number(fields.get("channels") ?? 1);
}

/** Bits of a pixel by the name of a raw video format, for those that boards' cameras and displays have. */
const PIXEL_BITS: Record<string, number> = {
  GRAY8: 8,
  GRAY16_LE: 16,
  RGB16: 16,
  BGR16: 16,
  RGB: 24,
  BGR: 24,
  RGBx: 32,
  BGRx: 32,
  RGBA: 32,
  BGRA: 32,
  YUY2: 16,
  UYVY: 16,
  NV12: 12,
  NV21: 12,
  I420: 12,
};

/** Bytes of a frame by caps of video/x-raw or video/x-bayer, rows without padding; undefined for other caps. */
export function rawFrameBytes(fields: ReadonlyMap<string, string>): number | undefined {
  const width = Number(fields.get("width"));
  const height = Number(fields.get("height"));
  if (!(width > 0 && height > 0)) return undefined;
  const format = fields.get("format") ?? "";
  const bayer = /^(?:bggr|gbrg|grbg|rggb)(\d*)/.exec(format);
  const bits = bayer ? (Number(bayer[1] || 8) > 8 ? 16 : 8) : PIXEL_BITS[format];
  return bits === undefined ? undefined : Math.ceil((width * height * bits) / 8);
}
