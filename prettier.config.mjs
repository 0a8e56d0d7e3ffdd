// Sources of the core have decorators where TypeScript has none and need a plugin, which takes over the parser of
// TypeScript: so it is loaded for them alone.
export default {
  printWidth: 120,
  overrides: [
    { files: ["assembly/**/*.ts", "tests/strict/**/*.ts"], options: { plugins: ["./scripts/prettier-core.mjs"] } },
    // A row of a table stays in one line.
    { files: ["assembly/**/*.json", "node-host/src/**/*.json", "tables/*.json"], options: { printWidth: 160 } },
  ],
};
