// The strict subset on the compiled module: what the tree does not show.

const NAME = String.raw`("(?:[^"\\]|\\.)*"|[^\s()]+)`;
const FUNCTION = new RegExp(String.raw`^ *\(func \$${NAME}`);
const CALL = new RegExp(String.raw`\((?:return_)?call \$${NAME}`, "g");
const MUTABLE = new RegExp(String.raw`^ *\(global \$${NAME} \(mut `);

/** Functions of the run time that mean managed memory. */
const ALLOCATOR = /^~lib\/rt\/[\w-]+\/(__new|__renew|__alloc|__realloc|__visit\w*)$/;

/**
 * Reads the text form of a module.
 * @returns who calls whom directly (`call_indirect` has no names; every function is looked at on its own), and the
 *   names of mutable globals
 */
export function readModule(text) {
  const calls = new Map();
  const globals = [];
  let callees = null;
  for (const line of text.split("\n")) {
    const started = FUNCTION.exec(line);
    if (started) calls.set(plain(started[1]), (callees = new Set()));
    const mutable = MUTABLE.exec(line);
    if (mutable) globals.push(plain(mutable[1]));
    if (callees) for (const m of line.matchAll(CALL)) callees.add(plain(m[1]));
  }
  return { calls, globals };
}

/** A name as the compiler knows it: binaryen quotes names and escapes bytes. */
function plain(name) {
  if (!name.startsWith('"')) return name;
  return name
    .slice(1, -1)
    .replace(/\\([0-9a-f]{2}|.)/gi, (m, c) => (c.length === 2 ? String.fromCharCode(parseInt(c, 16)) : c));
}

/**
 * Finds functions of the core from which managed allocation can be reached through the standard library.
 * @param calls the call graph
 * @param isCore whether a function, by name, is core code
 * @returns paths of names, each from a core function over library functions to the allocator
 */
export function allocationPaths(calls, isCore) {
  const paths = [];
  for (const root of calls.keys()) {
    if (!isCore(root)) continue;
    const before = new Map([[root, null]]);
    const queue = [root];
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      if (ALLOCATOR.test(name)) {
        const path = [];
        for (let n = name; n !== null; n = before.get(n)) path.unshift(n);
        paths.push(path);
        break;
      }
      // Core functions on the way are roots of their own.
      if (name !== root && isCore(name)) continue;
      for (const callee of calls.get(name) ?? []) {
        if (before.has(callee)) continue;
        before.set(callee, name);
        queue.push(callee);
      }
    }
  }
  return paths;
}
