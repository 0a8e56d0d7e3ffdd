/** A number as boards and options write it: 4096, "0x1000", "64K", "4M". NaN when it is none of these. */
export function parseNumber(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return NaN;
  if (/^0x[0-9a-f]{1,8}$/i.test(value)) return parseInt(value, 16);
  const m = /^(\d{1,10})([kKmM]?)$/.exec(value);
  return m ? Number(m[1]) * 1024 ** " km".indexOf(m[2].toLowerCase() || " ") : NaN;
}

/** An address as it is shown: 0x20000000. */
export function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}

/** A number of bytes with its thousands apart: 12 345. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, " ");
}

/** Whether a number is that of a port of UDP or TCP. */
export function isPort(value: number): boolean {
  return value >= 1 && value <= 65535;
}
