import { must } from "../../../base/__tests__/region";

/** Writes NAL units bit by bit. */
export class Rbsp {
  bytes: Array<u8> = [];
  private held: u32 = 0;
  private count: u32 = 0;

  bits(n: u32, v: u32): Rbsp {
    while (n--) {
      this.held = (this.held << 1) | ((v >> n) & 1);
      if (++this.count < 8) continue;
      this.bytes.push(<u8>this.held);
      this.held = 0;
      this.count = 0;
    }
    return this;
  }

  /** Unsigned Exp-Golomb (9.1). */
  ue(v: u32): Rbsp {
    const n = 31 - clz<u32>(v + 1);
    return this.bits(n, 0).bits(n + 1, v + 1);
  }

  /** Signed Exp-Golomb (9.1.1). */
  se(v: i32): Rbsp {
    return this.ue(v > 0 ? 2 * v - 1 : -2 * v);
  }

  /** rbsp_trailing_bits (7.3.2.11). */
  trailing(): Rbsp {
    this.bits(1, 1);
    while (this.count) this.bits(1, 0);
    return this;
  }

  /**
   * Writes the NAL unit with emulation prevention (7.4.1).
   * @returns bytes at `to`
   */
  nal(to: usize, header: u32): u32 {
    must(!this.count, "whole bytes");
    let n: u32 = 0;
    store<u8>(to + n++, header);
    let zeros = 0;
    for (let i = 0; i < this.bytes.length; i++) {
      const b = this.bytes[i];
      if (zeros >= 2 && b <= 3) {
        store<u8>(to + n++, 3);
        zeros = 0;
      }
      zeros = b ? 0 : zeros + 1;
      store<u8>(to + n++, b);
    }
    return n;
  }
}

/** What an SPS and a PPS say, as far as tests change it. */
export class Shape {
  profile: u32 = 66;
  constraints: u32 = 0;
  level: u32 = 30;
  id: u32 = 0;
  chroma: u32 = 1;
  depth: u32 = 8;
  frameBits: u32 = 4;
  pocType: u32 = 0;
  pocBits: u32 = 4;
  columns: u32 = 10;
  rows: u32 = 8;
  framesOnly: bool = true;
  crop: StaticArray<u32> | null = null;
  aspect: u32 = 0;
  units: u32 = 0;
  scale: u32 = 0;
  reorder: i32 = -1;
  fieldOrder: bool = false;
  redundant: bool = false;

  /** seq_parameter_set_rbsp (7.3.2.1). */
  sps(to: usize): u32 {
    const w = new Rbsp();
    w.bits(8, this.profile).bits(8, this.constraints).bits(8, this.level).ue(this.id);
    if (this.profile >= 100) {
      w.ue(this.chroma);
      if (this.chroma == 3) w.bits(1, 0);
      w.ue(this.depth - 8)
        .ue(this.depth - 8)
        .bits(1, 0);
      // Scaling lists of which the first two are there, one that ends early and one as the standard has it.
      w.bits(1, 1).bits(1, 1).se(-8).bits(1, 1);
      for (let i = 0; i < 16; i++) w.se(i ? 1 : 3);
      w.bits(this.chroma == 3 ? 10 : 6, 0);
    }
    w.ue(this.frameBits - 4).ue(this.pocType);
    if (this.pocType == 0) w.ue(this.pocBits - 4);
    else if (this.pocType == 1) w.bits(1, 0).se(-3).se(4).ue(2).se(1).se(-1);
    w.ue(4)
      .bits(1, 0)
      .ue(this.columns - 1)
      .ue(this.rows - 1)
      .bits(1, this.framesOnly ? 1 : 0);
    if (!this.framesOnly) w.bits(1, 1);
    w.bits(1, 1);
    const crop = this.crop;
    w.bits(1, crop ? 1 : 0);
    if (crop) for (let i = 0; i < 4; i++) w.ue(crop[i]);
    const vui = this.aspect || this.units || this.reorder >= 0;
    w.bits(1, vui ? 1 : 0);
    if (vui) this.vui(w);
    return w.trailing().nal(to, 0x67);
  }

  /** vui_parameters (E.1.1). */
  private vui(w: Rbsp): void {
    w.bits(1, this.aspect ? 1 : 0);
    if (this.aspect) w.bits(8, this.aspect);
    if (this.aspect == 255) w.bits(16, 40).bits(16, 33);
    // Overscan; video signal with colours BT.709; chroma positions.
    w.bits(2, 3).bits(1, 1).bits(3, 5).bits(1, 1).bits(1, 1).bits(8, 1).bits(8, 1).bits(8, 1);
    w.bits(1, 1).ue(0).ue(0);
    w.bits(1, this.units ? 1 : 0);
    if (this.units) w.bits(32, this.units).bits(32, this.scale).bits(1, 1);
    // HRD for NAL units, none for slices.
    w.bits(1, 1).ue(1).bits(8, 0x11);
    for (let i = 0; i < 2; i++) w.ue(1000).ue(2000).bits(1, 1);
    w.bits(20, 0x8421).bits(1, 0).bits(1, 0).bits(1, 1);
    w.bits(1, this.reorder >= 0 ? 1 : 0);
    if (this.reorder >= 0)
      w.bits(1, 1)
        .ue(0)
        .ue(0)
        .ue(9)
        .ue(9)
        .ue(this.reorder)
        .ue(this.reorder + 1);
  }

  /** pic_parameter_set_rbsp (7.3.2.2). */
  pps(to: usize, id: u32): u32 {
    const w = new Rbsp();
    w.ue(id)
      .ue(this.id)
      .bits(1, 0)
      .bits(1, this.fieldOrder ? 1 : 0)
      .ue(0)
      .ue(0)
      .ue(0)
      .bits(3, 0);
    w.se(0)
      .se(0)
      .se(0)
      .bits(2, 0)
      .bits(1, this.redundant ? 1 : 0);
    return w.trailing().nal(to, 0x68);
  }
}
