// Every operation on numbers, on operands that are at the edges of something.

const I32 = [
  0,
  1,
  -1,
  2,
  31,
  32,
  33,
  7,
  -8,
  0x7fffffff,
  0x80000000 | 0,
  0xff,
  0x8000,
  0x12345678,
  0xfedcba98 | 0,
  1000003,
];
const I64 = [
  ...[0n, 1n, -1n, 2n, 31n, 63n, 64n, 65n, -7n, 0x7fffffffffffffffn, -0x8000000000000000n, 0xffffffffn, 0x80000000n],
  ...[0x123456789abcdef0n, -0x123456789abcdefn, 1000000007n],
];
const F32 = [
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  2.5,
  -0.5,
  1e-45,
  3.4e38,
  -3.4e38,
  Infinity,
  -Infinity,
  NaN,
  2147483648,
  -2147483904,
];
const F64 = [
  ...[
    0,
    -0,
    1,
    -2147483648.9,
    0.5,
    2.5,
    -0.5,
    5e-324,
    1.7e308,
    Infinity,
    -Infinity,
    NaN,
    2147483647.9,
    -2147483649,
    2 ** 63,
  ],
  ...[4294967295.5],
];
const N = 16;

const both = (...names) => names.flatMap((n) => [`i32.${n}`, `i64.${n}`]);
const floats = (...names) => names.flatMap((n) => [`f32.${n}`, `f64.${n}`]);
const BINARY = [
  ...both(
    "add",
    "sub",
    "mul",
    "div_s",
    "div_u",
    "rem_s",
    "rem_u",
    "and",
    "or",
    "xor",
    "shl",
    "shr_s",
    "shr_u",
    "rotl",
    "rotr",
  ),
  ...floats("add", "sub", "mul", "div", "min", "max", "copysign"),
];
const COMPARE = [
  ...both("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"),
  ...floats("eq", "ne", "lt", "gt", "le", "ge"),
];
const UNARY = [
  ...both("clz", "ctz", "popcnt", "extend8_s", "extend16_s"),
  "i64.extend32_s",
  ...floats("abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt"),
];
const CONVERT = [
  ...[
    "i32.eqz i32 i32",
    "i64.eqz i64 i32",
    "i32.wrap_i64 i64 i32",
    "i64.extend_i32_s i32 i64",
    "i64.extend_i32_u i32 i64",
  ],
  ...["f32.demote_f64 f64 f32", "f64.promote_f32 f32 f64"],
  ...[
    "i32.reinterpret_f32 f32 i32",
    "i64.reinterpret_f64 f64 i64",
    "f32.reinterpret_i32 i32 f32",
    "f64.reinterpret_i64 i64 f64",
  ],
  ...["i32", "i64"].flatMap((i) =>
    ["f32", "f64"].flatMap((f) =>
      ["s", "u"].flatMap((s) => [
        `${i}.trunc_${f}_${s} ${f} ${i}`,
        `${i}.trunc_sat_${f}_${s} ${f} ${i}`,
        `${f}.convert_${i}_${s} ${i} ${f}`,
      ]),
    ),
  ),
];

const typeOf = (op) => op.slice(0, 3);

/** Operations with the types of their operands and result. */
function operations() {
  return [
    ...BINARY.map((op) => ({ op, from: [typeOf(op), typeOf(op)], to: typeOf(op) })),
    ...COMPARE.map((op) => ({ op, from: [typeOf(op), typeOf(op)], to: "i32" })),
    ...UNARY.map((op) => ({ op, from: [typeOf(op)], to: typeOf(op) })),
    ...CONVERT.map((text) => text.split(" ")).map(([op, from, to]) => ({ op, from: [from], to })),
  ];
}

/** Where the operands of each type lie. */
const PLACES = { i32: 0, i64: 128, f32: 256, f64: 384 };

function operandBytes() {
  const bytes = Buffer.alloc(512);
  I32.forEach((v, i) => bytes.writeInt32LE(v, PLACES.i32 + i * 8));
  I64.forEach((v, i) => bytes.writeBigInt64LE(v, PLACES.i64 + i * 8));
  F32.forEach((v, i) => bytes.writeFloatLE(v, PLACES.f32 + i * 8));
  F64.forEach((v, i) => bytes.writeDoubleLE(v, PLACES.f64 + i * 8));
  return bytes;
}

/** The bits of a result; one NaN is as good as another. */
const asBits = {
  i32: (v) => `(i64.extend_i32_u ${v})`,
  i64: (v) => v,
  f32: (v) => `(call $bits32 ${v})`,
  f64: (v) => `(call $bits64 ${v})`,
};

/** The module, step(operation << 16 | i << 8 | j, 0), and what makes its cases. */
export function numbers() {
  const list = operations();
  const functions = list.map(({ op, from, to }, n) => {
    const operand = (t, k) => `(${t}.load (i32.add (i32.const ${PLACES[t]}) (i32.mul (i32.const 8) (local.get ${k}))))`;
    const value = `(${op} ${from.map(operand).join(" ")})`;
    return `(func $f${n} (param i32 i32) (result i64) ${asBits[to](value)})`;
  });
  const data = [...operandBytes()].map((b) => `\\${b.toString(16).padStart(2, "0")}`).join("");
  const text = `(module (memory (export "memory") 1 1) (type $t (func (param i32 i32) (result i64)))
  (table ${list.length} funcref) (elem (i32.const 0) ${list.map((_, n) => `$f${n}`).join(" ")}) (data (i32.const 0) "${data}")
  (func $bits32 (param f32) (result i64)
    (if (f32.ne (local.get 0) (local.get 0)) (then (return (i64.const 0x7fc00000))))
    (i64.extend_i32_u (i32.reinterpret_f32 (local.get 0))))
  (func $bits64 (param f64) (result i64)
    (if (f64.ne (local.get 0) (local.get 0)) (then (return (i64.const 0x7ff8000000000000))))
    (i64.reinterpret_f64 (local.get 0)))
  (func (export "step") (param i64 i32) (result i64)
    (call_indirect (type $t)
      (i32.and (i32.wrap_i64 (i64.shr_u (local.get 0) (i64.const 8))) (i32.const 255))
      (i32.and (i32.wrap_i64 (local.get 0)) (i32.const 255))
      (i32.wrap_i64 (i64.shr_u (local.get 0) (i64.const 16)))))
  ${functions.join("\n  ")})`;
  // Node does not tell what is no number from what is too large.
  const trapOf = (message, type, i) => {
    if (/by zero/.test(message)) return "divide";
    return Number.isNaN({ f32: F32, f64: F64 }[type]?.[i]) ? "conversion" : "overflow";
  };
  const cases = (wasm) => {
    const { step } = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports;
    return list.flatMap(({ from }, n) =>
      Array.from({ length: from.length > 1 ? N * N : N }, (_, k) => {
        const now = (n << 16) | (from.length > 1 ? ((k >> 4) << 8) | (k & 15) : k << 8);
        try {
          return `${now} 0 ${step(BigInt(now), 0)}`;
        } catch (error) {
          return `${now} 0 ${trapOf(error.message, from[0], (now >> 8) & 255)}`;
        }
      }),
    );
  };
  return { text, cases };
}
