/** Stands before the digits of a bigint while JSON is made; no text of media or tables has it. */
const MARK = "\u{F0000}";

/** JSON in which bigint values are whole numbers with all of their digits, and bytes are hexadecimal. */
export function toJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(
    value,
    (_, v: unknown) => {
      if (typeof v === "bigint") return `${MARK}${v}`;
      return v instanceof Uint8Array ? Buffer.from(v).toString("hex") : v;
    },
    indent,
  );
  return text.replace(new RegExp(`"${MARK}(-?\\d+)"`, "gu"), "$1");
}
