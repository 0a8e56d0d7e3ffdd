// Sound for tests: samples, WAV files, and lines that are played over frames of a program.
import { launch, within } from "./g2g.mjs";

/** Samples of 16 bits as bytes. */
export function pcm(samples) {
  const out = Buffer.alloc(samples.length * 2);
  samples.forEach((v, i) => out.writeInt16LE(Math.max(-32768, Math.min(32767, Math.round(v))), i * 2));
  return out;
}

/** Bytes as samples of 16 bits. */
export const samplesOf = (data) => Array.from({ length: data.length >> 1 }, (_, i) => data.readInt16LE(i * 2));

/** Two tones, one of which rises, and noise: `n` samples of each channel, interleaved. */
export function sound(n, channels, random) {
  return Array.from({ length: n * channels }, (_, i) => {
    const t = Math.floor(i / channels);
    const noise = random.below(600) - 300;
    return 10000 * Math.sin(t * 0.05 * ((i % channels) + 1)) + 3000 * Math.sin(t * t * 1e-5) + noise;
  });
}

/** Ratio of a signal to its difference from another, dB. */
export function snr(signal, other) {
  const power = signal.reduce((sum, v) => sum + v * v, 0);
  const error = signal.reduce((sum, v, i) => sum + (v - other[i]) ** 2, 0);
  return 10 * Math.log10(power / error);
}

/** A WAV file of IMA ADPCM around blocks. */
export function wavOfIma(blocks, { rate, channels, blockAlign }) {
  const perBlock = 1 + Math.floor((blockAlign - 4 * channels) / (4 * channels)) * 8;
  const head = Buffer.alloc(48);
  head.write("RIFF");
  head.writeUInt32LE(40 + blocks.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(20, 16);
  head.writeUInt16LE(0x11, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(Math.floor((rate * blockAlign) / perBlock), 28);
  head.writeUInt16LE(blockAlign, 32);
  head.writeUInt16LE(4, 34);
  head.writeUInt16LE(2, 36);
  head.writeUInt16LE(perBlock, 38);
  head.write("data", 40);
  head.writeUInt32LE(blocks.length, 44);
  return Buffer.concat([head, blocks]);
}

/** The bytes of a WAV file's data chunk. */
export function wavData(file) {
  for (let at = 12; at + 8 <= file.length; at += 8 + file.readUInt32LE(at + 4)) {
    if (file.toString("latin1", at, at + 4) === "data") return file.subarray(at + 8);
  }
  throw new Error("no data chunk");
}

/**
 * Plays frames through a chain.
 * @param frames bytes, or objects of data, pts, duration, flags
 * @param look is given the pipeline when it has ended
 * @returns the frames that come out (times as bigint or null), the caps, and the messages of warnings and tags
 */
export async function through(t, chain, caps, frames, look = () => {}) {
  const p = await launch(t, `appsrc name=in caps="${caps}" ! ${chain} ! appsink name=out sync=false`);
  const heard = [];
  const hearing = (async () => {
    for await (const m of p.bus) heard.push(m);
  })();
  await p.play();
  const out = [];
  const taking = (async () => {
    for await (const f of p.appsink("out")) {
      const { pts, dts, duration, flags, caps } = f;
      out.push({ data: Buffer.from(f.copy()), pts, dts, duration, flags, caps });
      f.release();
    }
  })();
  for (const f of frames) {
    const { data, ...info } = Buffer.isBuffer(f) ? { data: f } : f;
    await within(p.appsrc("in").push(data, info), "a push");
  }
  p.appsrc("in").end();
  await within(taking, `the frames of ${chain}`);
  await within(p.done, `the end of ${chain}`);
  look(p);
  await p.close();
  await within(hearing, "the messages");
  return { frames: out, data: Buffer.concat(out.map((f) => f.data)), caps: out[0]?.caps, messages: heard };
}
