import { Random } from "../../base/__tests__/random";
import { must } from "../../base/__tests__/region";
import { PixelFormat } from "../format";
import { VIDEOINFO_SIZE, VideoInfo } from "../info";
import { MIXER_SIZE, Mixer, mix, realMix, sameColors, setMixer } from "../mixer";

const FROM: usize = memory.data(VIDEOINFO_SIZE, 8);
const TO: usize = memory.data(VIDEOINFO_SIZE, 8);
const MIXER: usize = memory.data(MIXER_SIZE, 8);
const LINES: usize = memory.data(4 * 64, 16);

function from(): VideoInfo {
  return changetype<VideoInfo>(FROM);
}

function to(): VideoInfo {
  return changetype<VideoInfo>(TO);
}

function mixer(): Mixer {
  return changetype<Mixer>(MIXER);
}

function set(a: PixelFormat, b: PixelFormat): void {
  from().set(a, 16, 16, false);
  to().set(b, 16, 16, false);
  setMixer(mixer(), from(), to());
}

describe("factors between colors", () => {
  test("are those of BT.601", () => {
    from().set(PixelFormat.I420, 16, 16, false);
    to().set(PixelFormat.RGB, 16, 16, false);
    const real = realMix(from(), to());
    expect<f64>(nearest(real.factor(0, 0) * 1000000)).toBe(1164384);
    expect<f64>(nearest(real.factor(0, 2) * 1000000)).toBe(1596027);
    expect<f64>(nearest(real.factor(1, 1) * 1000000)).toBe(-391762);
    expect<f64>(nearest(real.factor(1, 2) * 1000000)).toBe(-812968);
    expect<f64>(nearest(real.factor(2, 1) * 1000000)).toBe(2017232);
    expect<f64>(real.factor(0, 1)).toBe(0);
    expect<f64>(real.factor(2, 2)).toBe(0);
  });

  test("are those of BT.709 for high pictures", () => {
    from().set(PixelFormat.I420, 16, 1080, false);
    to().set(PixelFormat.RGB, 16, 1080, false);
    expect<f64>(nearest(realMix(from(), to()).factor(0, 2) * 1000000)).toBe(1792741);
  });

  test("fit 16 bits, with as many of them behind the point as there may be", () => {
    for (let a = 1; a < PixelFormat.Count; a++) {
      for (let b = 1; b < PixelFormat.Count; b++) {
        from().set(a, 16, 16, false);
        to().set(b, 16, 16, false);
        if (from().info.component(0).depth > 12 || to().info.component(0).depth > 12) continue;
        if (from().info.component(0).depth < 8 || to().info.component(0).depth < 8) continue;
        setMixer(mixer(), from(), to());
        let most = 0;
        for (let i: u32 = 0; i < 3; i++) {
          const r = mixer().row(i);
          most = max<i32>(most, max<i32>(abs<i32>(r.f0), max<i32>(abs<i32>(r.f1), abs<i32>(r.f2))));
        }
        must(most <= 32767 && (most > 16383 || mixer().shift == 15), "factors");
      }
    }
  });

  test("depth and places make no other colors", () => {
    set(PixelFormat.I420, PixelFormat.P010_10LE);
    expect<bool>(sameColors(from(), to())).toBe(true);
    set(PixelFormat.I420, PixelFormat.RGB);
    expect<bool>(sameColors(from(), to())).toBe(false);
    set(PixelFormat.I420, PixelFormat.GRAY8);
    expect<bool>(sameColors(from(), to())).toBe(false, "gray has the full range");
    from().set(PixelFormat.I420, 16, 576, false);
    to().set(PixelFormat.I420, 16, 577, false);
    expect<bool>(sameColors(from(), to())).toBe(false, "another matrix");
  });
});

describe("mixing", () => {
  test("values at the ends neither wrap nor leave their range, at all lengths", () => {
    const random = new Random(5);
    const ends: StaticArray<u16> = [0, 1, 4094, 4095];
    set(PixelFormat.Y444_12LE, PixelFormat.GBR_10LE);
    for (let n: u32 = 0; n <= 32; n++) {
      for (let i: u32 = 0; i < 96; i++) store<u16>(LINES + ((<usize>i) << 1), ends[random.below(4)]);
      for (let row: u32 = 0; row < 3; row++) {
        const out = LINES + 192;
        memory.fill(out, 0xaa, 64);
        mix(mixer(), row, out, LINES, LINES + 64, LINES + 128, n, 0);
        const r = mixer().row(row);
        for (let x: u32 = 0; x < n; x++) {
          const at = (<usize>x) << 1;
          const sum: i64 =
            <i64>r.f0 * load<u16>(LINES + at) +
            <i64>r.f1 * load<u16>(LINES + 64 + at) +
            <i64>r.f2 * load<u16>(LINES + 128 + at) +
            r.add;
          const wanted = min<i64>(max<i64>(sum >> mixer().shift, 0), 1023);
          must(<i64>load<u16>(out + at) == wanted, "the sum");
        }
        if (n < 32) must(load<u16>(out + ((<usize>n) << 1)) == 0xaaaa, "no more than asked");
      }
    }
  });
});
