/** Which functions of a core may call themselves, so that what a core needs of the stack has a bound all the same. */
import type { CFunction } from "./aot.js";

/** Functions that a function may call: those that it names, and all of the table that have the type of an indirect call. */
function callees(f: CFunction, known: Set<string>, byType: Map<number, string[]>): Set<string> {
  const found = new Set<string>();
  for (const line of f.lines) {
    for (const m of line.matchAll(/\b(w2c_core_\w+)\(/g)) if (known.has(m[1])) found.add(m[1]);
    const indirect = /\bCALL_INDIRECT\((\d+),/.exec(line);
    if (indirect) for (const name of byType.get(Number(indirect[1])) ?? []) found.add(name);
  }
  return found;
}

/**
 * One function at least of every cycle of calls: those that a walk from the roots comes back to. A cycle of imports is none,
 * since imports never call the core.
 * @param table the functions that indirect calls may reach, with the names of their types
 * @param types numbers of types, equal for equal signatures
 */
export function recursive(
  functions: CFunction[],
  table: ({ name: string; type: string } | null)[],
  types: Map<string, number>,
): Set<string> {
  const known = new Set(functions.map((f) => f.name));
  const byType = new Map<number, string[]>();
  for (const entry of table) {
    if (!entry) continue;
    const type = types.get(entry.type)!;
    byType.set(type, [...(byType.get(type) ?? []), entry.name]);
  }
  const graph = new Map(functions.map((f) => [f.name, [...callees(f, known, byType)]]));
  const back = new Set<string>();
  const state = new Map<string, "open" | "done">();
  for (const root of graph.keys()) {
    if (state.has(root)) continue;
    state.set(root, "open");
    // A stack of its own: chains of calls are long in a large core.
    const path = [{ name: root, next: 0 }];
    while (path.length) {
      const top = path[path.length - 1];
      const callee = graph.get(top.name)![top.next++];
      if (callee === undefined) {
        state.set(top.name, "done");
        path.pop();
      } else if (state.get(callee) === "open") back.add(callee);
      else if (!state.has(callee)) {
        state.set(callee, "open");
        path.push({ name: callee, next: 0 });
      }
    }
  }
  return back;
}
