import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";

const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** Returns the rules of axe-core that the page breaks, with the elements. */
export async function violations(page: Page): Promise<string[]> {
  // The page's policy blocks every script element, so the test evaluates axe-core instead of adding it.
  return page.evaluate(
    `${axe};axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
      violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + " at " + target + ": " + failureSummary)))`,
  );
}
