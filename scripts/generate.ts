import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { helpIfAsked } from "./help";

/** `npm run generate`: writes the files that are generated from the code, for editors and people. */
function main(): void {
  helpIfAsked(
    "Usage: npm run generate\n\nWrites environments/schema.json and docs/environments.md from environments/, and docs/stacks.md from the stacks.",
  );
  // The help needs no stacks, and loading them takes two seconds.
  const { environmentDocumentation } =
    require("../environments/documentation/environments-page") as typeof import("../environments/documentation/environments-page");
  const { environmentJsonSchema } =
    require("../environments/documentation/json-schema") as typeof import("../environments/documentation/json-schema");
  const { printJson } =
    require("../environments/documentation/print-json") as typeof import("../environments/documentation/print-json");
  const { stacksPage } =
    require("./documentation/stacks-page") as typeof import("./documentation/stacks-page");
  const files = {
    "environments/schema.json": printJson(environmentJsonSchema()),
    "docs/environments.md": environmentDocumentation(),
    "docs/stacks.md": stacksPage(),
  };
  for (const [file, text] of Object.entries(files)) {
    writeFileSync(join(__dirname, "..", file), text);
    console.log(`${file}: ${text.split("\n").length - 1} lines`);
  }
}

main();
