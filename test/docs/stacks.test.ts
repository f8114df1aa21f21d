import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stacksPage } from "../../scripts/documentation/stacks-page";

it("docs/stacks.md is up to date (else: npm run generate)", () => {
  expect(readFileSync(join(__dirname, "../../docs/stacks.md"), "utf8")).toBe(stacksPage());
});
