import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { environmentDocumentation } from "../environments/documentation/environments-page";
import { environmentJsonSchema } from "../environments/documentation/json-schema";
import { printJson } from "../environments/documentation/print-json";
import { stacksPage } from "./documentation/stacks-page";
import { helpIfAsked } from "./help";

helpIfAsked(
  "Usage: npm run generate\n\nWrites environments/schema.json and docs/environments.md from environments/, and docs/stacks.md from the stacks.",
);

/** `npm run generate`: writes the files that are generated from the code, for editors and people. */
const files = {
  "environments/schema.json": printJson(environmentJsonSchema()),
  "docs/environments.md": environmentDocumentation(),
  "docs/stacks.md": stacksPage(),
};
for (const [file, text] of Object.entries(files)) {
  writeFileSync(join(__dirname, "..", file), text);
  console.log(`${file}: ${text.split("\n").length - 1} lines`);
}
