import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { exitOnEnvironmentError } from "../../environments/exit-on-environment-error";
import { environmentNames, loadEnvironment } from "../../environments/load";
import type { SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import { checkTool } from "../check-tools/check-tool";
import { readSystem } from "../deployment/system";
import { helpIfAsked } from "../help";
import { type CheckovFinding, type Judgement, judge, type Scanned } from "./judge";
import { sarif } from "./sarif";

const usage = "Usage: scripts/scan [--sarif FILE] [--json] [ENVIRONMENT...]";

/** A scan that cannot run. The message is the sentence for the user. */
class ScanError extends Error {}

/** `scripts/scan`: runs checkov over the synthesized stacks of all environments, or of the named ones. */
export function main(): void {
  helpIfAsked(usage);
  exitOnEnvironmentError(() => {
    try {
      scanAll();
    } catch (error) {
      if (!(error instanceof ScanError)) throw error;
      console.error(error.message);
      process.exitCode = 1;
    }
  });
}

function scanAll(): void {
  const { values, positionals } = readArguments();
  const checkov = checkTool("checkov");
  if (checkov === undefined)
    throw new ScanError("checkov is not installed. Run scripts/install-check-tools.");
  const names = positionals.length > 0 ? positionals : environmentNames();
  const judgements = names.map((name) => scan(checkov, name));
  if (values.sarif) {
    writeFileSync(values.sarif, JSON.stringify(sarif(judgements.flatMap(({ failed }) => failed)), null, 2));
  }
  if (values.json) console.log(JSON.stringify(judgements, null, 2));
  else for (const judgement of judgements) report(judgement);
  if (judgements.some(({ failed, stale }) => failed.length + stale.length > 0)) process.exitCode = 1;
}

function readArguments() {
  try {
    return parseArgs({
      options: { sarif: { type: "string" }, json: { type: "boolean" } },
      allowPositionals: true,
    });
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}. ${usage}`);
    process.exit(1);
  }
}

function scan(checkov: string, name: string): Judgement {
  console.error(`Scanning the stacks of environments/${name}.json with checkov ...`);
  const folder = mkdtempSync(join(tmpdir(), "scan-"));
  try {
    const scanned = copyWhatCheckovReads(readSystem(loadEnvironment(name)), join(folder, "scanned"));
    return { environment: name, ...judge(scanned, runCheckov(checkov, join(folder, "scanned"))) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** checkov 3.3 cannot read a stack with the blocks `terraform` (for `required_version`) and `moved`. No check concerns them. */
function copyWhatCheckovReads(stacks: readonly SynthesizedStack[], copy: string): Scanned {
  return new Map(
    stacks.map(({ name, json }) => {
      const { terraform, moved, "//": notes, ...blocks } = json;
      mkdirSync(join(copy, name), { recursive: true });
      writeFileSync(join(copy, name, "cdk.tf.json"), JSON.stringify(blocks, null, 2));
      return [name, blocks];
    }),
  );
}

function runCheckov(checkov: string, folder: string): CheckovFinding[] {
  const { stdout, stderr, error } = spawnSync(
    checkov,
    ["--framework", "terraform_json", "--directory", folder, "--skip-download", "--output", "json"],
    // Otherwise checkov requests links to its guidelines from its maker's service.
    {
      encoding: "utf8",
      env: { ...process.env, BC_SKIP_MAPPING: "TRUE" },
      maxBuffer: 2 ** 28,
      timeout: 300_000,
    },
  );
  const report = parse(stdout);
  const stacks = existsSync(folder) ? readdirSync(folder).length : 0;
  if (error || !report?.results || report.summary?.parsing_errors > 0 || stacks === 0) {
    throw new ScanError(`checkov did not read all stacks: ${error?.message ?? lastLine(stderr)}`);
  }
  const { failed_checks, passed_checks } = report.results;
  if (passed_checks.length === 0)
    throw new ScanError("checkov checked nothing. Compare its version with scripts/check-tools.");
  return failed_checks.map(finding);
}

function parse(stdout: string) {
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}

/** `/vault-server/cdk.tf.json`, and `<type or "resource">.<id>`. */
function finding(record: {
  check_id: string;
  check_name: string;
  file_path: string;
  resource: string;
}): CheckovFinding {
  return {
    check: record.check_id,
    name: record.check_name,
    stack: record.file_path.split("/")[1] ?? "",
    resource: record.resource.slice(record.resource.indexOf(".") + 1),
  };
}

function report({ environment, failed, explained, stale }: Judgement): void {
  for (const { check, stack, path, reason } of explained)
    console.log(`skipped  ${check} ${stack} ${path}: ${reason}`);
  for (const { check, stack, path, name } of failed)
    console.log(`FAILED   ${check} ${stack} ${path}: ${name}`);
  for (const { check, stack, path } of stale) {
    console.log(`STALE    ${check} ${stack} ${path}: the skip explains no finding. Remove it.`);
  }
  console.log(
    `${environment}: ${failed.length} failed, ${explained.length} skipped with a reason, ${stale.length} stale skips.`,
  );
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
