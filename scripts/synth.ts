import { relative } from "node:path";
import { parseArgs, styleText } from "node:util";
import { exitOnEnvironmentError } from "../environments/exit-on-environment-error";
import { loadEnvironment } from "../environments/load";
import { printWarnings } from "../environments/warnings";
import type { SynthesizedStack } from "../lib/synthesized/synthesized-folder";
import { synthesize } from "../main";
import { stacksOf } from "./deployment/system";
import { helpIfAsked } from "./help";

const usage = "Usage: [ENVIRONMENT=name] npm run synth [-- --json]";

/** One line of the table. */
interface Row {
  stack: string;
  resources: number;
  providers: string[];
  /** Path of the stack's JSON from the current folder. */
  file: string;
}

/** `npm run synth [-- --json]`: writes every stack's Terraform and lists the files. */
export function main(): void {
  helpIfAsked(usage);
  exitOnEnvironmentError(synth);
}

function synth(): void {
  const { json } = readArguments();
  const start = performance.now();
  const name = process.env.ENVIRONMENT ?? "demo";
  progress(`Reading environments/${name}.json`);
  const environment = loadEnvironment(name);
  printWarnings(environment);
  progress("Building the stacks");
  const app = synthesize(environment);
  const rows = stacksOf(app).map(describe);
  if (json) {
    console.log(JSON.stringify({ environment: name, stacks: rows }, null, 2));
    return;
  }
  printTable(rows);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`\n${rows.length} stacks of the environment ${name} in ${seconds} s.`);
  console.log(
    `Next: ${name === "demo" ? "" : `ENVIRONMENT=${name} `}npm run sandbox (all of it on this machine), or az login && scripts/deploy ${name} --plan.`,
  );
}

function readArguments(): { json: boolean } {
  try {
    return { json: parseArgs({ options: { json: { type: "boolean" } } }).values.json ?? false };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}. ${usage}`);
    process.exit(1);
  }
}

function describe({ name, file, json }: SynthesizedStack): Row {
  return {
    stack: name,
    resources: Object.values(json.resource).flatMap((instances) => Object.keys(instances)).length,
    providers: Object.keys(json.terraform.required_providers),
    file: relative(process.cwd(), file),
  };
}

/** Writes to stderr, so that stdout holds only the result for `--json` and pipes. */
function progress(step: string): void {
  console.error(process.stderr.isTTY ? styleText("dim", `${step} ...`) : `${step} ...`);
}

function printTable(rows: readonly Row[]): void {
  const cells = [
    ["stack", "resources", "providers", "file"],
    ...rows.map(({ stack, resources, providers, file }) => [
      stack,
      String(resources),
      providers.join(", "),
      file,
    ]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  for (const [index, row] of cells.entries()) {
    const line = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
    console.log(index === 0 && process.stdout.isTTY ? styleText("bold", line) : line);
  }
}
