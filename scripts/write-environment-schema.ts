import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { environmentDocumentation } from "../environments/documentation/environments-page";
import { environmentJsonSchema } from "../environments/documentation/json-schema";
import { printJson } from "../environments/documentation/print-json";
import { helpIfAsked } from "./help";

helpIfAsked(
  "Usage: npm run schema\n\nWrites environments/schema.json and docs/environments.md from environments/schema.ts and environments/documentation/.",
);

/** `npm run schema`: writes the files about environments that editors and people read. */
const files = {
  "environments/schema.json": printJson(environmentJsonSchema()),
  "docs/environments.md": environmentDocumentation(),
};
for (const [file, text] of Object.entries(files)) {
  writeFileSync(join(__dirname, "..", file), text);
  console.log(`${file}: ${text.split("\n").length - 1} lines`);
}
