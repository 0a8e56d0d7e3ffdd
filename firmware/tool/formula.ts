/** A formula that cannot be read, or names what is not there. */
export class FormulaError extends Error {}

/**
 * The value of a formula of whole numbers: + - * / (towards zero), parentheses, numbers and names such as `blocksize` or
 * `caps.rate`.
 * @param lookup the value of a name, or undefined when there is none
 * @throws {FormulaError}
 */
export function evaluate(formula: string, lookup: (name: string) => number | undefined): number {
  const tokens = formula.match(/\d+|[A-Za-z][\w.-]*|[-+*/()]|\S/g) ?? [];
  let at = 0;
  const fail = (what: string): never => {
    throw new FormulaError(`"${formula}": ${what}`);
  };
  const primary = (): number => {
    const token = tokens[at++];
    if (token === undefined) return fail("something is missing at the end");
    if (token === "(") {
      const value = sum();
      if (tokens[at++] !== ")") fail('")" is missing');
      return value;
    }
    if (/^\d/.test(token)) return Number(token);
    if (!/^[A-Za-z]/.test(token)) return fail(`"${token}" was not expected`);
    return lookup(token) ?? fail(`there is no ${token}`);
  };
  const product = (): number => {
    let value = primary();
    while (tokens[at] === "*" || tokens[at] === "/") {
      const divide = tokens[at++] === "/";
      const by = primary();
      if (divide && by === 0) fail("division by 0");
      value = divide ? Math.trunc(value / by) : value * by;
    }
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (tokens[at] === "+" || tokens[at] === "-") value += tokens[at++] === "+" ? product() : -product();
    return value;
  };
  const value = sum();
  if (at < tokens.length) fail(`"${tokens[at]}" was not expected`);
  if (!Number.isSafeInteger(value)) fail("the result is too large");
  return value;
}
