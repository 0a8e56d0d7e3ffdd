// What Thumb instructions do to the stack and where they go: ARM DDI 0403, A5 to A7, as far as compilers use it.

/** An instruction, seen from the stack. */
export interface Instruction {
  /** Bytes. */
  readonly size: 2 | 4;
  /** Bytes that it takes from the stack; negative: gives back. */
  readonly stack: number;
  /** A register that is added to the stack pointer, or subtracted from it: what it does then depends on the register. */
  readonly by: { readonly register: number; readonly sign: 1 | -1 } | null;
  /** Where it may go besides on to the next. */
  readonly target: number | null;
  readonly kind: "plain" | "call" | "indirect-call" | "branch" | "indirect-branch" | "conditional" | "return";
  /** For a constant that is moved to a register: all of it, or its upper half. */
  readonly half: { readonly register: number; readonly top: boolean; readonly value: number } | null;
  /** For a load of a constant that stands in the code: the register, and the address. */
  readonly literal: { readonly register: number; readonly address: number } | null;
}

const SP = 13;
const PC = 15;

function bits(n: number): number {
  let count = 0;
  for (let v = n; v; v &= v - 1) count++;
  return count;
}

function signed(value: number, width: number): number {
  return (value << (32 - width)) >> (32 - width);
}

/** The constant of 12 bits that many instructions of 32 bits have (A5.3.2). */
function modified(imm12: number): number {
  const low = imm12 & 0xff;
  if (imm12 >> 10) {
    const by = imm12 >> 7;
    const value = 0x80 | (imm12 & 0x7f);
    return ((value >>> by) | (value << (32 - by))) >>> 0;
  }
  return [low, low * 0x10001, low * 0x1000100, low * 0x1010101][(imm12 >> 8) & 3];
}

const PLAIN = { stack: 0, by: null, target: null, kind: "plain", half: null, literal: null } as const;

function short(w: number, at: number): Instruction {
  const i = { ...PLAIN, size: 2 } as const;
  // PUSH, POP
  if ((w & 0xfe00) === 0xb400) return { ...i, stack: 4 * bits(w & 0x1ff) };
  if ((w & 0xfe00) === 0xbc00) return { ...i, stack: -4 * bits(w & 0x1ff), kind: w & 0x100 ? "return" : "plain" };
  // ADD, SUB (SP plus or minus immediate)
  if ((w & 0xff80) === 0xb080) return { ...i, stack: 4 * (w & 0x7f) };
  if ((w & 0xff80) === 0xb000) return { ...i, stack: -4 * (w & 0x7f) };
  // ADD, MOV with a high register. MOV SP takes back what a frame pointer has kept.
  if ((w & 0xff00) === 0x4400 || (w & 0xff00) === 0x4600) {
    const d = (w & 7) | ((w >> 4) & 8);
    const m = (w >> 3) & 15;
    if (d === SP && (w & 0xff00) === 0x4400) return { ...i, by: { register: m, sign: 1 } };
    if (d === PC) return { ...i, kind: m === 14 ? "return" : "indirect-branch" };
    return i;
  }
  // MOV (immediate)
  if ((w & 0xf800) === 0x2000) return { ...i, half: { register: (w >> 8) & 7, top: false, value: w & 0xff } };
  // LDR (literal)
  if ((w & 0xf800) === 0x4800) {
    return { ...i, literal: { register: (w >> 8) & 7, address: ((at + 4) & ~3) + 4 * (w & 0xff) } };
  }
  // BX, BLX
  if ((w & 0xff87) === 0x4700) return { ...i, kind: ((w >> 3) & 15) === 14 ? "return" : "indirect-branch" };
  if ((w & 0xff87) === 0x4780) return { ...i, kind: "indirect-call" };
  // B, conditional and not; CBZ, CBNZ
  if ((w & 0xf000) === 0xd000 && (w & 0x0e00) !== 0x0e00) {
    return { ...i, kind: "conditional", target: at + 4 + 2 * signed(w & 0xff, 8) };
  }
  if ((w & 0xf800) === 0xe000) return { ...i, kind: "branch", target: at + 4 + 2 * signed(w & 0x7ff, 11) };
  if ((w & 0xf500) === 0xb100) {
    return { ...i, kind: "conditional", target: at + 4 + 2 * (((w >> 3) & 0x1f) | ((w >> 4) & 0x20)) };
  }
  return i;
}

function branchTarget(a: number, b: number, at: number): number {
  const s = (a >> 10) & 1;
  const i1 = ~((b >> 13) ^ s) & 1;
  const i2 = ~((b >> 11) ^ s) & 1;
  const offset = (s << 24) | (i1 << 23) | (i2 << 22) | ((a & 0x3ff) << 12) | ((b & 0x7ff) << 1);
  return at + 4 + signed(offset, 25);
}

function long(a: number, b: number, at: number): Instruction {
  const i = { ...PLAIN, size: 4 } as const;
  // BL; B.W, conditional and not
  if ((a & 0xf800) === 0xf000 && (b & 0x8000) !== 0) {
    if ((b & 0xd000) === 0xd000) return { ...i, kind: "call", target: branchTarget(a, b, at) };
    if ((b & 0xd000) === 0x9000) return { ...i, kind: "branch", target: branchTarget(a, b, at) };
    if ((b & 0xd000) === 0x8000 && (a & 0x0380) !== 0x0380) {
      const high = ((a & 0x0400) << 10) | ((b & 0x0800) << 8) | ((b & 0x2000) << 5);
      return { ...i, kind: "conditional", target: at + 4 + signed(high | ((a & 0x3f) << 12) | ((b & 0x7ff) << 1), 21) };
    }
    return i;
  }
  // STMDB SP!, LDMIA SP!
  if (a === 0xe92d) return { ...i, stack: 4 * bits(b) };
  if (a === 0xe8bd) return { ...i, stack: -4 * bits(b), kind: b & 0x8000 ? "return" : "plain" };
  // STR Rt, [SP, #-n]!; LDR Rt, [SP], #n; STRD Rt, Rt2, [SP, #-n]!; LDRD Rt, Rt2, [SP], #n
  if (a === 0xf84d && (b & 0x0f00) === 0x0d00) return { ...i, stack: b & 0xff };
  if (a === 0xf85d && (b & 0x0f00) === 0x0b00) {
    return { ...i, stack: -(b & 0xff), kind: b >> 12 === PC ? "return" : "plain" };
  }
  if (a === 0xe96d) return { ...i, stack: 4 * (b & 0xff) };
  if (a === 0xe8fd) return { ...i, stack: -4 * (b & 0xff) };
  // VPUSH, VPOP
  if ((a & 0xffbf) === 0xed2d && (b & 0x0e00) === 0x0a00) return { ...i, stack: 4 * (b & 0xff) };
  if ((a & 0xffbf) === 0xecbd && (b & 0x0e00) === 0x0a00) return { ...i, stack: -4 * (b & 0xff) };
  // SUB, ADD, ADDW, SUBW of the stack pointer
  const toSp = ((b >> 8) & 15) === SP;
  const imm12 = ((a & 0x0400) << 1) | ((b & 0x7000) >> 4) | (b & 0xff);
  if (toSp && (a & 0xfbef) === 0xf1ad) return { ...i, stack: modified(imm12) };
  if (toSp && (a & 0xfbef) === 0xf10d) return { ...i, stack: -modified(imm12) };
  if (toSp && (a & 0xfbff) === 0xf2ad) return { ...i, stack: imm12 };
  if (toSp && (a & 0xfbff) === 0xf20d) return { ...i, stack: -imm12 };
  // SUB, ADD of a register that is not shifted
  if (toSp && (a & 0xffef) === 0xebad) return { ...i, by: { register: b & 15, sign: -1 } };
  if (toSp && (a & 0xffef) === 0xeb0d) return { ...i, by: { register: b & 15, sign: 1 } };
  // MOVW, MOVT
  if ((a & 0xfb70) === 0xf240 && (b & 0x8000) === 0) {
    const value = ((a & 15) << 12) | imm12;
    return { ...i, half: { register: (b >> 8) & 15, top: (a & 0x0080) !== 0, value } };
  }
  // TBB, TBH; LDR PC
  if ((a & 0xfff0) === 0xe8d0 && (b & 0xffe0) === 0xf000) return { ...i, kind: "indirect-branch" };
  if ((a & 0xff70) === 0xf850 && b >> 12 === PC) return { ...i, kind: "indirect-branch" };
  // LDR (literal)
  if ((a & 0xff7f) === 0xf85f) {
    const offset = a & 0x0080 ? b & 0xfff : -(b & 0xfff);
    return { ...i, literal: { register: b >> 12, address: ((at + 4) & ~3) + offset } };
  }
  return i;
}

/**
 * Reads an instruction.
 * @param code bytes, of which `offset` is the first; at least 2
 * @param at address of the instruction
 */
export function decode(code: DataView, offset: number, at: number): Instruction {
  const a = code.getUint16(offset, true);
  if (a >> 11 < 0b11101 || offset + 4 > code.byteLength) return short(a, at);
  return long(a, code.getUint16(offset + 2, true), at);
}
