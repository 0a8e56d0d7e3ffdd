// A transform for asc that rejects core code outside of the strict subset, with file, line and column on stderr.
import as from "assemblyscript";
import { Transform } from "assemblyscript/transform";
import { allocationPaths, readModule } from "./calls.mjs";
import { checkSource, isCore } from "./rules.mjs";

function place(range) {
  const line = range.source.lineAt(range.start);
  return `${range.source.normalizedPath}:${line}:${range.source.columnAt()}`;
}

export default class Strict extends Transform {
  found = 0;

  report(range, message) {
    this.found++;
    this.stderr.write(`${place(range)}: strict: ${message}\n`);
  }

  finish() {
    if (!this.found) return;
    const error = new Error(`${this.found} violation(s) of the strict subset (DESIGN.md)`);
    error.stack = error.message;
    throw error;
  }

  afterInitialize(program) {
    this.program = program;
    for (const source of program.sources) {
      if (isCore(source)) checkSource(program, source, (node, message) => this.report(node.range, message));
    }
    this.finish();
  }

  afterCompile(module) {
    const { calls, globals } = readModule(module.emitText());
    const functions = new Map();
    for (const f of this.program.instancesByName.values()) {
      if (f.kind === as.ElementKind.Function) functions.set(f.internalName, f);
    }
    const declaration = (name) => functions.get(name)?.prototype.declaration;
    const inCore = (name) => {
      const d = declaration(name);
      return !!d && isCore(d.range.source);
    };
    for (const path of allocationPaths(calls, inCore)) {
      this.report(declaration(path[0]).name.range, `reaches the allocator: ${path.join(" -> ")}`);
    }
    for (const name of globals) {
      const element = this.program.elementsByName.get(name);
      const range = element?.identifierNode?.range;
      if (range && isCore(range.source)) {
        this.report(range, `${element.name} has an initialiser that is not constant, which makes a mutable global`);
      }
    }
    this.finish();
  }
}
