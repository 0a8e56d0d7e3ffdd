import type { Message } from "../core/messages.js";
import { toJson } from "./json.js";

/** A message in one line. */
export function describeMessage(m: Message): string {
  if ("text" in m) return `${m.type}: ${m.text}`;
  const { type, element, ...rest } = m;
  const details = Object.keys(rest).length ? ` ${toJson(rest)}` : "";
  return `${element || "pipeline"}: ${type}${details}`;
}
