/** A file in an archive. */
export interface Member {
  readonly name: string;
  readonly data: Uint8Array;
}

const MAGIC = "!<arch>\n";
const HEADER = 60;

/**
 * The files of a static library, as ar(5) has them with GNU's long names.
 * @throws {RangeError} when it is none, or cut off
 */
export function archiveMembers(data: Uint8Array): Member[] {
  const text = (from: number, to: number): string => Buffer.from(data.subarray(from, to)).toString("latin1");
  if (text(0, MAGIC.length) !== MAGIC) throw new RangeError("no archive");
  const out: Member[] = [];
  let long = "";
  for (let at = MAGIC.length; at + HEADER <= data.length;) {
    const size = Number(text(at + 48, at + 58));
    const body = at + HEADER;
    if (!Number.isSafeInteger(size) || size < 0 || body + size > data.length)
      throw new RangeError("the archive is cut off");
    const name = text(at, at + 16).trimEnd();
    if (name === "//") long = text(body, body + size);
    else if (name !== "/") {
      const place = /^\/(\d+)$/.exec(name);
      const full = place ? long.slice(Number(place[1])).split("/\n", 1)[0] : name.replace(/\/$/, "");
      out.push({ name: full, data: data.subarray(body, body + size) });
    }
    at = body + size + (size & 1);
  }
  return out;
}
