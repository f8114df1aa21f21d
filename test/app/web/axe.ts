import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";

const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** axe-core's rules about colours, which are the ones that another colour scheme can break. */
export const colourRules = ["color-contrast", "link-in-text-block"] as const;

/** Returns the rules of axe-core that the page breaks, with the elements. Without `rules`, axe-core's own choice of rules applies. */
export async function violations(page: Page, rules?: readonly string[]): Promise<string[]> {
  // The page's policy blocks every script element, so the test evaluates axe-core instead of adding it.
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(axe);
  const options = JSON.stringify({ resultTypes: ["violations"], ...(rules && { runOnly: rules }) });
  return page.evaluate(
    `axe.run(document, ${options}).then(({ violations }) =>
      violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + " at " + target + ": " + failureSummary)))`,
  );
}
