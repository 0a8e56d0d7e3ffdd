/** Node before 20.5 has no symbols for `using`. */
const known = Symbol as unknown as Record<string, symbol>;
for (const name of ["dispose", "asyncDispose"]) {
  if (!known[name]) Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });
}

export {};
