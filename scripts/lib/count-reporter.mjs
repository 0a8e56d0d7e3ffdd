// A reporter for `node --test` that gives the counts, as JSON, to `npm test`. A file without tests, which Node takes for
// a test that passed, is counted as failed.
import path from "node:path";

export default async function* countReporter(source) {
  const count = { passed: 0, failed: 0, skipped: 0, reasons: [] };
  for await (const { type, data } of source) {
    if ((type !== "test:pass" && type !== "test:fail") || data.details?.type === "suite") continue;
    const wholeFile = data.file && path.resolve(data.name) === data.file;
    if (wholeFile) process.stderr.write(`${data.name}: no test ran\n`);
    if (wholeFile || type === "test:fail") count.failed++;
    else if (data.skip !== undefined || data.todo !== undefined) {
      count.skipped++;
      count.reasons.push(`${data.name}: ${data.skip || data.todo}`);
    } else count.passed++;
  }
  yield JSON.stringify(count);
}
