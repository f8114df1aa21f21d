import { parseArgs } from "node:util";
import { exitOnEnvironmentError } from "../environments/exit-on-environment-error";
import { loadEnvironment } from "../environments/load";
import { costLines } from "./cost/cost-lines";
import { costTable } from "./cost/cost-table";
import { readSystem } from "./deployment/system";
import { helpIfAsked } from "./help";

const usage = "Usage: npm run cost [-- ENVIRONMENT] [--json]";

/** `npm run cost [-- ENVIRONMENT] [--json]`: prints Azure's monthly price of an environment's resources. docs/cost.md says what it leaves out. */
export function main(): void {
  helpIfAsked(usage);
  exitOnEnvironmentError(() => {
    const { values, positionals } = readArguments();
    const lines = costLines(readSystem(loadEnvironment(positionals[0] ?? "demo")));
    console.log(values.json ? JSON.stringify(lines, null, 2) : costTable(lines));
  });
}

function readArguments() {
  try {
    return parseArgs({ options: { json: { type: "boolean" } }, allowPositionals: true });
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}. ${usage}`);
    process.exit(1);
  }
}
