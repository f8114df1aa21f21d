import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { linkPackages } from "../../lib/link-packages";
import { programOnPath } from "../../lib/processes/program-on-path";
import { runProgram } from "../../lib/processes/run-program";
import { UserError } from "../../lib/processes/user-error";
import type { Mutant } from "./mutant";

/** The result of a mutant's tests. */
export interface MutantOutcome {
  /** `killed`: an assertion failed. `crashed`: a test file did not load. `late`: the tests did not end. */
  readonly result: "killed" | "crashed" | "late" | "survived" | "not run";
  /** The first failed test, or the reason why no test ran. */
  readonly by: string;
}

interface JestReport {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Longer than any test file takes on a busy machine. */
const deadlineMs = 1_200_000;

/** A copy of the project with its uncommitted changes. It gets one mutant after the other. */
export class ProjectCopy {
  private constructor(readonly folder: string) {}

  static async make(project: string): Promise<ProjectCopy> {
    const copy = new ProjectCopy(mkdtempSync(join(tmpdir(), "mutants-")));
    const git = await programOnPath(["git"]);
    if (!git) throw new UserError("The program git is not on PATH. Install it.");
    const { code, stdout } = await runProgram({
      command: git,
      args: ["-C", project, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
      env: process.env,
      deadlineMs: 60_000,
    });
    if (code !== 0) throw new UserError(`${project} is not a git checkout. Run this in one.`);
    for (const file of stdout.split("\0").filter((name) => name && existsSync(join(project, name)))) {
      mkdirSync(dirname(join(copy.folder, file)), { recursive: true });
      cpSync(join(project, file), join(copy.folder, file), { verbatimSymlinks: true });
    }
    linkPackages(copy.folder);
    return copy;
  }

  /** Puts the mutant in place and runs its tests. */
  async try(mutant: Mutant): Promise<MutantOutcome> {
    const path = join(this.folder, mutant.file);
    const original = readFileSync(path, "utf8");
    const parts = original.split(mutant.find);
    if (parts.length !== 2) {
      const times = parts.length === 1 ? "missing" : "there more than once";
      return { result: "not run", by: `the text to replace is ${times}` };
    }
    writeFileSync(path, parts.join(mutant.put));
    try {
      return await this.test(mutant.tests, mutant.named);
    } finally {
      writeFileSync(path, original);
    }
  }

  /** Runs tests without a mutant. A test that already fails would kill every mutant. */
  async test(tests: readonly string[], named?: string): Promise<MutantOutcome> {
    const report = join(this.folder, "jest-report.json");
    rmSync(report, { force: true });
    try {
      await runProgram({
        command: process.execPath,
        args: [
          join(this.folder, "node_modules/jest/bin/jest.js"),
          "--ci",
          "--runInBand",
          "--forceExit",
          // A test that fails only because a busy machine is late catches nothing.
          `--testTimeout=${deadlineMs}`,
          "--json",
          `--outputFile=${report}`,
          `--testEnvironment=${join(__dirname, "first-failure-ends.cjs")}`,
          `--setupFilesAfterEnv=${join(__dirname, "without-snapshots.ts")}`,
          ...(named === undefined ? [] : [`--testNamePattern=${named}`]),
          "--runTestsByPath",
          ...tests.map((test) => `test/${test}.test.ts`),
        ],
        cwd: this.folder,
        // Some mistakes are caught only by the long forms.
        env: { ...process.env, LONG_TESTS: "1" },
        deadlineMs,
      });
    } catch (error) {
      if (error instanceof UserError) return { result: "late", by: error.message };
      throw error;
    }
    if (!existsSync(report)) return { result: "not run", by: "Jest wrote no report" };
    return outcomeOf(JSON.parse(readFileSync(report, "utf8")) as JestReport);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function outcomeOf({ numPassedTests, testResults }: JestReport): MutantOutcome {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const failed = tests.find(({ status }) => status === "failed");
  if (failed) return { result: "killed", by: failed.fullName };
  const [broken] = testResults.filter(
    ({ message, assertionResults }) => message && assertionResults.length === 0,
  );
  if (broken)
    return {
      result: "crashed",
      by:
        broken.message
          .split("\n")
          .find((line) => /\w+Error|cannot/.test(line))
          ?.trim() ?? "",
    };
  return numPassedTests > 0 ? { result: "survived", by: "" } : { result: "not run", by: "no test ran" };
}
