/** No time, as the core has it: -2^63. */
export const NONE = -(2n ** 63n);

/** A time of the core's, ns; null when there is none. */
export function timeOf(ns: bigint): bigint | null {
  return ns === NONE ? null : ns;
}

/** A time for the core. */
export function coreTime(ns: bigint | null | undefined): bigint {
  return ns ?? NONE;
}

/** A time as people read it: `0:00:03.2`, with as many decimals as it has. */
export function formatTime(ns: bigint): string {
  const sign = ns < 0n ? "-" : "";
  const t = ns < 0n ? -ns : ns;
  const seconds = t / 1_000_000_000n;
  const two = (n: bigint) => String(n).padStart(2, "0");
  const clock = `${seconds / 3600n}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  const decimals = String(t % 1_000_000_000n)
    .padStart(9, "0")
    .replace(/0+$/, "");
  return sign + clock + (decimals ? `.${decimals}` : "");
}
