import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Guardian } from "../lib/processes/guardian";
import { Progress } from "../lib/processes/progress";
import { messageOf } from "../lib/processes/user-error";
import { findMySqlProgram } from "../sandbox/mysql/mysql-program";
import { findVaultProgram } from "../sandbox/vault/vault-program";
import { chromiumMissing } from "../test/app/web/chromium";
import { helpIfAsked } from "./help";
import { stopOnSignals } from "./stop-on-signals";

/**
 * Suites that start programs: Vault, databases, shells, this project's scripts. They wait more than they compute. They run last,
 * because Vault and a database are prepared while the other suites run.
 */
const withPrograms = [
  "test/app/(agent-way|application|lifecycle)",
  "test/app/web/(fuzz|layout|package)",
  "test/cloud-init/(apply-user-data|certificates|first-boot|install-release|vault-data-format)",
  "test/docs/",
  "test/lib/processes/",
  "test/properties/list-changes",
  "test/sandbox/(machine|mysql|rehearsal|system|vault|vault-config)/",
  "test/scripts/",
].join("|");

const quick = ["--ci", "--testPathIgnorePatterns", "/node_modules/", withPrograms];

const project = join(__dirname, "..");

/** `npm test`: checks and quick suites, then suites that start programs. */
async function main(): Promise<void> {
  helpIfAsked(
    [
      "Usage: npm test [-- quick | JEST-ARGUMENT...]",
      "Checks the project and runs all tests.",
      "  quick          only the tests that start no programs\n  JEST-ARGUMENT  jest alone, for example: npm test -- test/app",
    ].join("\n\n"),
  );
  const [, , ...args] = process.argv;
  if (args.length > 0) {
    process.exitCode = await jest(args.join() === "quick" ? quick : args);
    return;
  }
  const failed: string[] = [];
  const step = async (name: string, work: () => Promise<number>) => {
    console.log(`\n== ${name}`);
    if ((await work()) !== 0) {
      console.log(`FAILED: ${name}`);
      failed.push(name);
    }
  };
  // It keeps one processor busy, so it runs beside the quick tests.
  const check = promisify(execFile)("npm", ["run", "--silent", "check"], { cwd: project }).then(
    (output) => ({ ...output, code: 0 }),
    ({ stdout, stderr }) => ({ stdout, stderr, code: 1 }),
  );
  const programs = prepare();
  await step("quick tests", () => jest(quick));
  await step("format, lint, types, shell scripts, workflows", async () => {
    const { code, stdout, stderr } = await check;
    console.log(`${stdout}${stderr}`.trimEnd());
    return code;
  });
  console.log("\n== programs for the tests");
  const { vault, problems } = await programs;
  for (const problem of problems)
    console.log(`${process.env.CI ? "FAILED: " : "Skipping tests. Missing program: "}${problem}`);
  if (process.env.CI) failed.push(...problems);
  console.log("\n== tests that start programs");
  const others = ["--ci", "--testPathPatterns", withPrograms];
  const workers = `--maxWorkers=${2 * availableParallelism()}`;
  const folder = mkdtempSync(join(tmpdir(), "vault-on-azure-test-"));
  await Guardian.ofFolder(folder);
  const env = { VAULT_PROGRAM: vault, SANDBOX_PREPARED: folder };
  if ((await jest([...others, workers], env)) !== 0) {
    // Real deadlines can pass on a busy machine. So failed suites run once more, one at a time, and this says so.
    console.log("\nSome suites failed. They run once more, one at a time:");
    await step("tests that start programs, second try of failed ones", () =>
      jest([...others, "--onlyFailures", "-i"], env),
    );
  }
  if (failed.length > 0) {
    console.log(`\nFAILED: ${failed.join("; ")}`);
    process.exitCode = 1;
  }
}

/** Finds or gets Vault and a database server, and looks for a browser. Reports each step and its duration. Never rejects. */
async function prepare(): Promise<{ vault?: string; problems: string[] }> {
  const progress = new Progress();
  const [vault, mysql] = await Promise.allSettled([
    findVaultProgram({ progress }),
    findMySqlProgram({ progress }),
  ]);
  const problems = [vault, mysql].flatMap((it) => (it.status === "rejected" ? [messageOf(it.reason)] : []));
  return {
    vault: vault.status === "fulfilled" ? vault.value.path : undefined,
    problems: [...problems, chromiumMissing() ?? []].flat(),
  };
}

/** Jest's workers get the option of Node, too. With more room for young objects, the garbage collector works a third less. */
function jest(args: string[], env?: NodeJS.ProcessEnv): Promise<number> {
  return run(process.execPath, ["--max-semi-space-size=64", "node_modules/jest/bin/jest.js", ...args], env);
}

/** Runs the command with this process's output and returns its exit code. A signal to this process ends the command, too. */
async function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const child = spawn(command, args, { cwd: project, stdio: "inherit", env: { ...process.env, ...env } });
  const ended = once(child, "exit");
  const release = stopOnSignals(async (signal) => {
    child.kill(signal);
    await ended;
  });
  const [code] = await ended;
  release();
  return code ?? 1;
}

void main();
