import { must } from "../../base/__tests__/region";
import { OSCILLATOR_SIZE, Oscillator, Scale, TABLE_SIZE, Wave } from "../wave";

const OSCILLATOR: usize = memory.data(OSCILLATOR_SIZE, 8);
const TABLE: usize = memory.data(TABLE_SIZE, 8);
const RATE: u32 = 8000;

/** 100 Hz at half of full scale: a period of 80 samples. */
function oscillator(wave: Wave, scale: Scale = Scale.Double): Oscillator {
  memory.fill(OSCILLATOR, 0, OSCILLATOR_SIZE);
  const o = changetype<Oscillator>(OSCILLATOR);
  o.wave = wave;
  o.scale = scale;
  o.rate = RATE;
  o.frequency = 100.0;
  o.volume = 0.5;
  o.interval = 400;
  o.periods = 2;
  o.table = TABLE;
  o.fillTable();
  o.begin();
  return o;
}

@inline
function near(a: f64, b: f64, within: f64 = 1e-9): bool {
  return abs<f64>(a - b) <= within;
}

test("waves have their shape", () => {
  const sine = new StaticArray<f64>(80);
  let o = oscillator(Wave.Sine);
  for (let i = 0; i < 80; i++) sine[i] = o.sample(i);
  expect<bool>(near(sine[19], 0.5)).toBe(true, "the highest after a quarter");
  expect<bool>(near(sine[39], 0.0)).toBe(true);
  expect<bool>(near(sine[59], -0.5)).toBe(true);
  for (let i = 0; i < 39; i++) must(near(sine[i], -sine[i + 40]), "both halves");
  o = oscillator(Wave.Triangle);
  for (let i = 0; i < 80; i++) {
    const quarter = (i + 1) % 80;
    const expected = quarter < 20 ? quarter : quarter < 60 ? 40 - quarter : quarter - 80;
    must(near(o.sample(i), (0.5 * <f64>expected) / 20.0), "triangle");
  }
  o = oscillator(Wave.Saw);
  let last = -1.0;
  for (let i = 0; i < 38; i++) {
    const v = o.sample(i);
    must(v > last && v < 0.5, "saw rises");
    last = v;
  }
  o = oscillator(Wave.Square);
  for (let i = 0; i < 38; i++) must(o.sample(i) == 0.5, "square is high");
  o.sample(38);
  o.sample(39);
  for (let i = 40; i < 78; i++) must(o.sample(i) == -0.5, "square is low");
  o = oscillator(Wave.Silence);
  must(o.sample(0) == 0.0, "silence");
});

test("the table is near the sine", () => {
  const samples = new StaticArray<f64>(800);
  let o = oscillator(Wave.Sine);
  for (let i = 0; i < 800; i++) samples[i] = o.sample(i);
  o = oscillator(Wave.SineTable);
  for (let i = 0; i < 800; i++) must(near(o.sample(i), samples[i], (0.5 * 6.3) / 1024.0), "within an entry");
});

test("values are kept as numbers of the scale", () => {
  let o = oscillator(Wave.Sine, Scale.Short);
  for (let i = 0; i < 200; i++) {
    const v = o.sample(i);
    must(v == trunc<f64>(v) && abs<f64>(v) <= 16383.5, "16 bits");
  }
  o = oscillator(Wave.Square, Scale.Int);
  o.volume = 1.0;
  must(o.sample(0) == 2147483647.0, "full scale");
  o = oscillator(Wave.Sine, Scale.Float);
  for (let i = 0; i < 200; i++) {
    const v = o.sample(i);
    must(v == <f64>(<f32>v), "single precision");
  }
});

test("ticks are pulses, with marked ones among them", () => {
  const o = oscillator(Wave.Ticks);
  o.markerPeriod = 3;
  o.markerVolume = 1.0;
  for (let tick = 0; tick < 7; tick++) {
    let peak = 0.0;
    for (let at = 0; at < 400; at++) {
      const v = o.sample(tick * 400 + at);
      if (at >= 160 || !at) must(v == 0.0, "silent behind two periods");
      peak = max<f64>(peak, v);
    }
    // The third, sixth … tick is marked.
    must(near(peak, (tick + 1) % 3 == 0 ? 1.0 : 0.5, 0.01), "volume");
  }
});

test("ramped ticks swell and fade", () => {
  const o = oscillator(Wave.Ticks);
  const plain = new StaticArray<f64>(400);
  for (let at = 0; at < 400; at++) plain[at] = o.sample(at);
  o.begin();
  o.periods = 4;
  o.ramped = true;
  for (let at = 0; at < 320; at++) {
    const v = abs<f64>(o.sample(at));
    const full = abs<f64>(plain[at % 80 ? at % 80 : 80]);
    must(v <= full + 1e-9, "never louder");
    if (at > 10 && at < 30) must(v < full * 0.06, "quiet at first");
    if (at > 290) must(v < full * 0.06, "quiet at last");
    if (at >= 80 && at < 240) must(near(v, full, 1e-3), "full in the middle");
  }
});

test("noise is the same from every start, stays in range and differs from kind to kind", () => {
  const first = new StaticArray<f64>(2000);
  for (let wave = <i32>Wave.WhiteNoise; wave <= Wave.VioletNoise; wave++) {
    let o = oscillator(<Wave>wave);
    if (o.isCommon) continue;
    let sum = 0.0;
    let power = 0.0;
    for (let i = 0; i < 2000; i++) {
      const v = o.sample(i);
      o.turn();
      first[i] = v;
      sum += v;
      power += v * v;
      // A normal distribution has no end.
      if (wave != Wave.GaussianNoise) must(abs<f64>(v) <= 0.5, "range");
    }
    must(power > 1.0, "it is not silent");
    must(abs<f64>(sum) < 500.0, "it is not all on one side");
    o = oscillator(<Wave>wave);
    for (let i = 0; i < 2000; i++) {
      must(o.sample(i) == first[i], "the same again");
      o.turn();
    }
  }
});
