import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";

const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** Rules of axe-core that the page breaks, and where. */
export async function violations(page: Page): Promise<string[]> {
  // Evaluated rather than added as a script: the page's policy refuses every script, and should.
  return page.evaluate(
    `${axe};axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
      violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + " at " + target + ": " + failureSummary)))`,
  );
}
