import { PI, cosine, logarithm, sine } from "../base/trig";

/** Wave forms, GStreamer's numbers. */
export const enum Wave {
  Sine = 0,
  Square = 1,
  Saw = 2,
  Triangle = 3,
  Silence = 4,
  WhiteNoise = 5,
  PinkNoise = 6,
  SineTable = 7,
  Ticks = 8,
  GaussianNoise = 9,
  RedNoise = 10,
  BlueNoise = 11,
  VioletNoise = 12,
}

/** How a value becomes a sample before it is packed: GStreamer rounds at other places for each. */
export const enum Scale {
  /** Whole numbers of 16 bits. */
  Short = 0,
  /** Whole numbers of 32 bits. */
  Int,
  /** Single precision. */
  Float,
  /** Double precision. */
  Double,
}

const TURN: f64 = 2.0 * PI;

/** Entries of the sine table, and its bytes. */
const TABLE: u32 = 1024;
export const TABLE_SIZE: u32 = TABLE << 3;

/** Rows of the pink noise. */
const ROWS: u32 = 12;

/**
 * Makes a wave form, sample by sample. All up to `table` are the caller's to set, before `begin` and between samples; the
 * arithmetic is GStreamer's, operation by operation, in double precision. Noise is from a generator of its own.
 */
@unmanaged
export class Oscillator {
  wave: Wave;
  scale: Scale;
  rate: u32;
  frequency: f64;
  volume: f64;
  /** For ticks: samples from one to the next, periods of sine in one, whether they swell and fade. */
  interval: i64;
  periods: u32;
  ramped: bool;
  /** Every so many ticks one has another volume; 0: none. */
  markerPeriod: u32;
  markerVolume: f64;
  /** TABLE_SIZE bytes, for Ticks and SineTable. */
  table: usize;

  /** Radians, 0 to 2 pi. */
  private phase: f64;
  private ticks: u32;
  private seed: u64;
  /** The second of two Gaussian numbers, and whether there is one. */
  private spare: f64;
  private spared: bool;
  /** State of the red noise. */
  private red: f64;
  /** Which samples of blue and violet noise are turned round. */
  private turned: bool;
  private pinkIndex: u32;
  private pinkSum: i32;
  private pink0: u64;
  private pink1: u64;
  private pink2: u64;
  private pink3: u64;
  private pink4: u64;
  private pink5: u64;

  /** Starts the wave over. */
  begin(): void {
    this.phase = 0.0;
    this.ticks = 0;
    this.seed = 0x9e3779b97f4a7c15;
    this.spared = false;
    this.red = 0.0;
    this.turned = false;
    this.pinkIndex = 0;
    this.pinkSum = 0;
    memory.fill(changetype<usize>(this) + offsetof<Oscillator>("pink0"), 0, ROWS << 2);
  }

  /** Makes the sine table, after `wave` and `volume` were set. */
  fillTable(): void {
    const amplitude = this.wave == Wave.SineTable ? this.volume : 1.0;
    let angle = 0.0;
    for (let i: u32 = 0; i < TABLE; i++) {
      store<f64>(this.table + ((<usize>i) << 3), sine(angle) * amplitude);
      angle += TURN / <f64>TABLE;
    }
  }

  /** Whether all channels carry the same samples. */
  get isCommon(): bool {
    return this.wave < Wave.WhiteNoise || this.wave == Wave.SineTable || this.wave == Wave.Ticks;
  }

  /** The factor of full scale. */
  @inline
  private get full(): f64 {
    return this.scale == Scale.Short ? 32767.0 : this.scale == Scale.Int ? 2147483647.0 : 1.0;
  }

  /** A value as a C program keeps it in a variable of the scale's type. */
  private kept(v: f64): f64 {
    switch (this.scale) {
      case Scale.Short:
        return max<f64>(min<f64>(trunc<f64>(v), 32767.0), -32768.0);
      case Scale.Int:
        return max<f64>(min<f64>(trunc<f64>(v), 2147483647.0), -2147483648.0);
      case Scale.Float:
        return <f64>(<f32>v);
      default:
        return v;
    }
  }

  /** The next sample; of noise, which differs from channel to channel, the next one of all channels in turn. */
  sample(number: i64): f64 {
    if (this.wave == Wave.Ticks) return this.tick(number);
    if (this.isCommon) this.advance();
    return this.kept(this.value());
  }

  /** To be called between the samples of two times, with noise. */
  turn(): void {
    this.turned = !this.turned;
    this.spared = false;
  }

  @inline
  private advance(): void {
    this.phase += (TURN * this.frequency) / <f64>this.rate;
    if (this.phase >= TURN) this.phase -= TURN;
  }

  @inline
  private tableAt(phase: f64): f64 {
    const i = <u32>(phase * (<f64>TABLE / TURN));
    return load<f64>(this.table + ((<usize>min<u32>(i, TABLE - 1)) << 3));
  }

  private value(): f64 {
    const p = this.phase;
    const amplitude = this.volume * this.full;
    switch (this.wave) {
      case Wave.Sine:
        return sine(p) * amplitude;
      case Wave.Square:
        return p < PI ? amplitude : -amplitude;
      case Wave.Saw: {
        const slope = amplitude / PI;
        return p < PI ? p * slope : (TURN - p) * -slope;
      }
      case Wave.Triangle: {
        const slope = amplitude / (PI / 2.0);
        if (p < PI / 2.0) return p * slope;
        return p < PI * 1.5 ? (p - PI) * -slope : (TURN - p) * -slope;
      }
      case Wave.SineTable:
        return this.full * this.tableAt(p);
      case Wave.WhiteNoise:
        return amplitude * this.uniform();
      case Wave.PinkNoise:
        return this.pinkNoise() * amplitude;
      case Wave.BlueNoise:
        return this.turned ? -this.pinkNoise() * amplitude : this.pinkNoise() * amplitude;
      case Wave.RedNoise:
        return amplitude * this.redNoise();
      case Wave.VioletNoise:
        return this.turned ? -amplitude * this.redNoise() : amplitude * this.redNoise();
      case Wave.GaussianNoise:
        return amplitude * this.gaussian();
      default:
        return 0.0;
    }
  }

  /** Pulses of a sine; `number` is that of the sample. */
  private tick(number: i64): f64 {
    const at = number % this.interval;
    let out = 0.0;
    if (!at) {
      this.phase = 0.0;
      this.ticks++;
    } else {
      const length = <i64>((<f64>this.rate * <f64>this.periods) / this.frequency);
      if (at < length) {
        const marked = this.markerPeriod && this.ticks % this.markerPeriod == 0;
        const volume = this.kept((marked ? this.markerVolume : this.volume) * this.full);
        out = this.kept(volume * this.swell(at, length) * this.tableAt(this.phase));
      }
    }
    this.advance();
    return out;
  }

  /** Strength of a pulse at sample `at` of `length`: rises and falls with the cube over one period, if asked to. */
  private swell(at: i64, length: i64): f64 {
    const ramp = <i64>(<f64>this.rate / this.frequency);
    if (!this.ramped || ramp <= 0) return 1.0;
    let s = 1.0;
    if (at < ramp) s = <f64>at / <f64>ramp;
    else if (at >= length - ramp) s = min<f64>(<f64>(length - at) / <f64>ramp, 1.0);
    return s * (s * s);
  }

  /** Xorshift with a multiplication at the end; the upper half. */
  private random(): u32 {
    let x = this.seed;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    this.seed = x;
    return <u32>((x * 0x2545f4914f6cdd1d) >> 32);
  }

  /** -1 to 1. */
  @inline
  private uniform(): f64 {
    return <f64>this.random() / 2147483648.0 - 1.0;
  }

  /** Unit variance, by the method of Box and Muller, which gives two at a time. */
  private gaussian(): f64 {
    if (this.spared) {
      this.spared = false;
      return this.spare;
    }
    const size = sqrt<f64>(-2.0 * logarithm((<f64>this.random() + 1.0) / 4294967296.0));
    const angle = TURN * (<f64>this.random() / 4294967296.0);
    this.spare = size * sine(angle);
    this.spared = true;
    return size * cosine(angle);
  }

  /** A random walk that is kept between -8 and 8, made half of full scale. */
  private redNoise(): f64 {
    let step = this.uniform();
    while (abs<f64>(this.red + step) > 8.0) step = this.uniform();
    this.red += step;
    return this.red * 0.0625;
  }

  /** The sum of random numbers of which the k-th changes every 2 ** k samples (Voss and McCartney). */
  private pinkNoise(): f64 {
    this.pinkIndex = (this.pinkIndex + 1) & ((1 << ROWS) - 1);
    if (this.pinkIndex) {
      const row = changetype<usize>(this) + offsetof<Oscillator>("pink0") + ((<usize>ctz<u32>(this.pinkIndex)) << 2);
      const fresh = (<i32>this.random()) >> 16;
      this.pinkSum += fresh - load<i32>(row);
      store<i32>(row, fresh);
    }
    return <f64>(this.pinkSum + ((<i32>this.random()) >> 16)) / <f64>((ROWS + 1) << 15);
  }
}

/** Bytes that an Oscillator takes inside another record. */
export const OSCILLATOR_SIZE: u32 = offsetof<Oscillator>();
