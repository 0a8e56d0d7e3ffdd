// Formats core code: assemblyscript-prettier, which hides decorators from the parser of TypeScript as comments, without
// the empty line that it adds in front of a decorator that follows no comment.
import plugin from "assemblyscript-prettier";

const printer = plugin.printers["as-estree"];

export default {
  ...plugin,
  printers: {
    "as-estree": {
      ...printer,
      printComment(path, options) {
        const doc = printer.printComment(path, options);
        return path.node.value.startsWith("MAGIC_ASSEMBLYSCRIPT_PRETTIER") ? doc.at(-1) : doc;
      },
    },
  },
};
