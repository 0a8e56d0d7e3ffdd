import { Caps } from "../../caps/caps";
import { parseCaps } from "../../caps/parse";

/** Caps of a text that can be read. */
export function capsOfText(text: string): Caps {
  const bytes = String.UTF8.encode(text);
  const caps = parseCaps(changetype<usize>(bytes), bytes.byteLength);
  expect<bool>(caps != null).toBe(true, text);
  return caps!;
}
