/** Makes several accesses of a core's C share one check. */

const CHECK = /^(\s*)CHECK\((var_\w+), (\d+)u, (\d+)\);$/;
const ACCESS = /^\s*(?:(var_\w+) = )?[if]\d+_(?:load|store)\w*\(/;
const COPY = /^\s*(var_\w+) = (var_\w+);$/;
const ASSIGN = /^\s*(var_\w+) (?:[-+*/%&|^]|<<|>>)?= /;

/** Operations that may end the instance otherwise, call, or go elsewhere: what stands behind is not sure to happen. */
const BARRIER =
  /[{}:]|\b(goto|return|if|switch|case|default|CALL_INDIRECT|memory_copy|memory_fill|UNREACHABLE)\b|\b(w2c_core_|g2g_import_|g2g_grow)|TRUNC_[SU]|DIV|REM/;

interface Group {
  /** Index of the line with the first check. */
  line: number;
  indent: string;
  address: string;
  /** Of the furthest access: its offset, its width. */
  offset: number;
  width: number;
}

/**
 * Has the first check of an address in a straight piece of code cover the furthest access that follows at the same address,
 * and takes the others away. That a fault is found some stores earlier makes no difference: what an instance
 * that trapped left in its memory is never looked at.
 */
export function hoistChecks(lines: string[]): string[] {
  const out = [...lines];
  /** The value that a variable has: a number, the same for equal values. */
  let values = new Map<string, number>();
  let groups = new Map<number, Group>();
  let count = 0;
  const valueOf = (name: string) => {
    if (!values.has(name)) values.set(name, count++);
    return values.get(name)!;
  };
  const close = () => {
    for (const g of groups.values()) out[g.line] = `${g.indent}CHECK(${g.address}, ${g.offset}u, ${g.width});`;
    groups = new Map();
    values = new Map();
  };
  lines.forEach((line, i) => {
    const check = CHECK.exec(line);
    if (check) {
      const [, indent, address] = check;
      const [offset, width] = check.slice(3).map(Number);
      const value = valueOf(address);
      const group = groups.get(value);
      if (!group) groups.set(value, { line: i, indent, address, offset, width });
      else {
        if (offset + width > group.offset + group.width) [group.offset, group.width] = [offset, width];
        out[i] = "";
      }
      return;
    }
    if (!ACCESS.test(line) && BARRIER.test(line)) {
      close();
      return;
    }
    const copy = COPY.exec(line);
    if (copy) values.set(copy[1], valueOf(copy[2]));
    else {
      const assigned = ASSIGN.exec(line);
      if (assigned) values.set(assigned[1], count++);
    }
  });
  close();
  return out.filter((line) => line !== "");
}
