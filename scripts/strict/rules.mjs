// The strict subset on the syntax tree: what core code must not say. See DESIGN.md, "The strict subset".
import as from "assemblyscript";

const { NodeKind, LiteralKind, ElementKind, CommonFlags, DecoratorFlags } = as;

/** What a rule says about a literal of a kind. */
const LITERALS = new Map([
  [LiteralKind.String, "a string literal is managed; use an Atom, a Code or memory.data"],
  [LiteralKind.Template, "a template literal is managed; format into a Text"],
  [LiteralKind.RegExp, "a regular expression is managed"],
  [LiteralKind.Array, "an array literal is managed; use memory.data"],
  [LiteralKind.Object, "an object literal is managed"],
]);

/** Nodes that hold names and paths but no code. */
const SKIPPED = new Set([
  NodeKind.Import,
  NodeKind.Export,
  NodeKind.ExportImport,
  NodeKind.Decorator,
  NodeKind.Comment,
  NodeKind.Break,
  NodeKind.Continue,
]);

const TYPE_DECLARATIONS = new Set([NodeKind.ClassDeclaration, NodeKind.InterfaceDeclaration]);
const FUNCTIONS = new Set([NodeKind.FunctionDeclaration, NodeKind.MethodDeclaration]);

/** Whether a source is core code, which the rules apply to: not the standard library and not a spec. */
export function isCore(source) {
  const path = source.normalizedPath;
  return !source.isLibrary && !path.startsWith("~lib") && !/(^|\/)__tests__\/|\.spec\.ts$/.test(path);
}

/**
 * Walks the tree of one file.
 * @param program the initialised program, which names are looked up in
 * @param source the file's Source
 * @param report called with a node and what is wrong with it
 */
export function checkSource(program, source, report) {
  const file = program.filesByName.get(source.internalPath);

  /** The standard library's managed class that a name stands for, or null. */
  function libraryClass(name) {
    const element = file.lookup(name, true);
    if (!element?.declaration?.range.source.isLibrary) return null;
    if (element.kind === ElementKind.TypeDefinition && name === "string") return element;
    const isClass = element.kind === ElementKind.ClassPrototype || element.kind === ElementKind.InterfacePrototype;
    return isClass && !element.hasDecorator(DecoratorFlags.Unmanaged) ? element : null;
  }

  function checkClass(node) {
    if (node.kind === NodeKind.InterfaceDeclaration) {
      report(node.name, "an interface dispatches dynamically; use call_indirect");
      return;
    }
    const prototype = program.elementsByDeclaration.get(node);
    if (!prototype?.hasDecorator(DecoratorFlags.Unmanaged))
      report(node.name, `class ${node.name.text} is not @unmanaged`);
    for (const member of node.members) {
      if (member.is(CommonFlags.Static)) {
        if (member.kind === NodeKind.FieldDeclaration && !member.is(CommonFlags.Readonly)) {
          report(member.name, "a static field is a mutable global; keep state in linear memory");
        }
        continue;
      }
      if (member.kind !== NodeKind.MethodDeclaration || member.is(CommonFlags.Constructor)) continue;
      for (let base = prototype?.basePrototype; base; base = base.basePrototype) {
        if (!base.instanceMembers?.has(member.name.text)) continue;
        report(member.name, `${member.name.text} overrides that of ${base.name}; unmanaged classes have no dispatch`);
        break;
      }
    }
  }

  function isMemoryData(node) {
    const callee = node.expression;
    return (
      callee.kind === NodeKind.PropertyAccess &&
      callee.property.text === "data" &&
      callee.expression.kind === NodeKind.Identifier &&
      callee.expression.text === "memory"
    );
  }

  function walkAll(nodes, depth) {
    for (const n of nodes) walk(n, depth);
  }

  /** @param depth of functions around the node; 0 at the top level */
  function walk(node, depth) {
    if (!node || SKIPPED.has(node.kind)) return;
    switch (node.kind) {
      case NodeKind.New:
        report(node, "new allocates managed memory; take records from the heap or a pool");
        walkAll(node.args, depth);
        return;
      case NodeKind.Literal: {
        const message = LITERALS.get(node.literalKind);
        if (message) report(node, message);
        break;
      }
      case NodeKind.Call:
        if (isMemoryData(node)) {
          for (const arg of node.args) {
            const isArray = arg.kind === NodeKind.Literal && arg.literalKind === LiteralKind.Array;
            if (isArray) walkAll(arg.elementExpressions, depth);
            else walk(arg, depth);
          }
          return;
        }
        // The name of a field in offsetof is read by the compiler and leaves nothing in the module.
        if (node.expression.kind === NodeKind.Identifier && node.expression.text === "offsetof") {
          walkAll(node.typeArguments ?? [], depth);
          return;
        }
        break;
      case NodeKind.Function:
        report(node, "a function expression may be a closure; name a function and use its index");
        walk(node.declaration.body, depth + 1);
        return;
      case NodeKind.Class:
        report(node, "a class expression is managed");
        return;
      case NodeKind.InstanceOf:
        report(node, "instanceof needs run-time type information");
        break;
      case NodeKind.Throw:
        report(node, "throw traps; return a code");
        break;
      case NodeKind.Try:
        report(node, "try has no effect; errors are returned codes");
        break;
      case NodeKind.Variable:
        for (const d of node.declarations) {
          if (!depth && !d.is(CommonFlags.Const)) {
            report(d.name, `${d.name.text} is a mutable global; keep state in linear memory`);
          }
        }
        break;
      case NodeKind.NamedType: {
        const name = node.name.identifier;
        if (!node.name.next && libraryClass(name.text)) report(node, `${name.text} is managed`);
        if (node.typeArguments) walkAll(node.typeArguments, depth);
        return;
      }
      case NodeKind.Identifier:
        if (libraryClass(node.text)) report(node, `${node.text} is managed`);
        return;
      case NodeKind.PropertyAccess:
        walk(node.expression, depth);
        return;
    }
    if (TYPE_DECLARATIONS.has(node.kind)) checkClass(node);
    if (FUNCTIONS.has(node.kind)) depth++;
    for (const [key, value] of Object.entries(node)) {
      if (key === "name" || key === "names" || key === "decorators" || !value || typeof value !== "object") continue;
      if (Array.isArray(value))
        walkAll(
          value.filter((v) => typeof v?.kind === "number"),
          depth,
        );
      else if (typeof value.kind === "number" && value.range) walk(value, depth);
    }
  }

  walkAll(source.statements, 0);
}
