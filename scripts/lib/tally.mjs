// Counts of what a test program ran, for its own last line and for the summary of `npm test`.
import fs from "node:fs";

/** An empty count; `test` books one check and prints it when it failed. */
export function tally() {
  return {
    passed: 0,
    failed: 0,
    skipped: 0,
    reasons: [],
    /** @param reason why it failed, or null when it passed */
    test(name, reason) {
      if (reason === null) this.passed++;
      else {
        this.failed++;
        console.error(`FAILED ${name}: ${reason}`);
      }
    },
    /** Books a check that cannot run here. */
    skip(name, reason) {
      this.skipped++;
      this.reasons.push(`${name}: ${reason}`);
    },
  };
}

/**
 * Prints the totals, hands them to `npm test` (the file that G2G_TALLY names) and ends the process: 1 when a check
 * failed or none ran at all.
 */
export function finish(count) {
  const { passed, failed, skipped, reasons } = count;
  for (const reason of new Set(reasons)) console.log(`SKIPPED ${reason}`);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  if (process.env.G2G_TALLY)
    fs.writeFileSync(process.env.G2G_TALLY, JSON.stringify({ passed, failed, skipped, reasons }));
  if (!passed && !failed && !skipped) console.error("nothing ran");
  process.exit(failed || !(passed + skipped) ? 1 : 0);
}
