import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import jsdoc from "eslint-plugin-jsdoc";
import globals from "globals";
import ts from "typescript-eslint";

const unused = { ignoreRestSiblings: true, argsIgnorePattern: "^_" };

/** Options of the rule that exported members have a docblock. */
const documented = (more) => ({
  publicOnly: true,
  require: { ClassDeclaration: true, FunctionDeclaration: true, ...more },
  contexts: ["TSInterfaceDeclaration", "TSTypeAliasDeclaration", "TSEnumDeclaration"],
  checkConstructors: false,
  // A fix would be an empty comment.
  enableFixer: false,
});

export default defineConfig(
  // The core is AssemblyScript, which the compiler and scripts/strict check.
  globalIgnores(["build/", "assembly/", "tests/strict/fail/", "tests/strict/pass/", "node-host/src/generated/"]),
  {
    files: ["**/*.mjs"],
    extends: [js.configs.recommended],
    languageOptions: { globals: globals.node },
    rules: {
      eqeqeq: "error",
      "prefer-const": "error",
      "no-var": "error",
      "no-unused-vars": ["error", unused],
    },
  },
  {
    files: ["node-host/**/*.ts", "firmware/tool/**/*.ts"],
    extends: [js.configs.recommended, ts.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: "error",
      "@typescript-eslint/no-unused-vars": ["error", unused],
      // Codes are compared with numbers that come out of memory.
      "@typescript-eslint/no-unsafe-enum-comparison": "off",
    },
  },
  {
    files: ["node-host/src/**/*.ts", "firmware/tool/**/*.ts"],
    plugins: { jsdoc },
    rules: { "jsdoc/require-jsdoc": ["error", documented({})] },
  },
  {
    // What the package exports lies here; further in, a method that serves an interface needs no second comment.
    files: ["node-host/src/*.ts", "node-host/src/elements/*.ts"],
    rules: { "jsdoc/require-jsdoc": ["error", documented({ MethodDefinition: true })] },
  },
);
