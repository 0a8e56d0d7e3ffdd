// Records and numbers of the host interface (DESIGN.md), for the vectors' own hosts.
import fs from "node:fs";
import path from "node:path";
import { root } from "../../scripts/lib/inputs.mjs";

const table = (name) => JSON.parse(fs.readFileSync(path.join(root, "tables", name), "utf8"));

/** Enumerations of the interface: name to number. */
export const ABI = Object.fromEntries(
  Object.entries(table("abi.json").enums).map(([name, { values }]) => [
    name,
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Array.isArray(value) ? value[0] : value])),
  ]),
);

const CODES = new Map(table("errors.json").map(({ code, name }) => [code, name]));

/** Name of an error's code. */
export const codeName = (code) => CODES.get(code) ?? `Code${code}`;

/** Name of a value of an enumeration of the interface. */
export function nameOf(enumeration, value) {
  return Object.keys(ABI[enumeration]).find((key) => ABI[enumeration][key] === value) ?? String(value);
}

/** No time. */
export const NONE = -(2n ** 63n);

/** All values of records: whole numbers as bigint, others as number, text, or { hex }. */
export function readRecords(data) {
  const out = [];
  for (let at = 0; at < data.length;) {
    const type = data[at++];
    switch (type) {
      case 1:
        out.push(data.readBigInt64LE(at));
        at += 8;
        break;
      case 5:
        out.push(BigInt(data.readInt8(at++)));
        break;
      case 3:
        out.push(data.readDoubleLE(at));
        at += 8;
        break;
      case 2:
      case 4:
      case 6: {
        const n = type === 6 ? data.readUInt8(at) : data.readUInt32LE(at);
        at += type === 6 ? 1 : 4;
        if (n > data.length - at) throw new Error("a record is cut short");
        const bytes = data.subarray(at, at + n);
        out.push(type === 4 ? { hex: bytes.toString("hex") } : bytes.toString());
        at += n;
        break;
      }
      default:
        throw new Error(`a record has the unknown type ${type}`);
    }
  }
  return out;
}

/** Records of values: whole numbers, texts, { double }, { int: text of a whole number }. */
export function writeRecords(values) {
  const parts = values.map((v) => {
    if (typeof v === "string") {
      const text = Buffer.from(v);
      const head = Buffer.alloc(5);
      head[0] = 2;
      head.writeUInt32LE(text.length, 1);
      return Buffer.concat([head, text]);
    }
    const out = Buffer.alloc(9);
    out[0] = v.double === undefined ? 1 : 3;
    if (v.double === undefined) out.writeBigInt64LE(BigInt(v.int ?? v), 1);
    else out.writeDoubleLE(v.double, 1);
    return out;
  });
  return Buffer.concat(parts);
}
