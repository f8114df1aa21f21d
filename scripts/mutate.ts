import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Progress } from "../lib/processes/progress";
import { messageOf, UserError } from "../lib/processes/user-error";
import { numbersOf } from "../lib/seeded-numbers";
import { helpIfAsked } from "./help";
import type { Mutant } from "./mutate/mutant";
import { mutants } from "./mutate/mutants";
import { type MutantOutcome, ProjectCopy } from "./mutate/project-copy";
import { stopOnSignals } from "./stop-on-signals";

const usage = `Usage: npm run mutate [-- [--workers N] [--sample N] [--seed N] [--json] [TEXT]...]

Makes one mistake at a time in copies of the project, and runs the tests that must catch it. Failures of snapshots do not count.

  --workers N  number of copies, each with one mistake at a time (default: one for each processor)
  --sample N   only N mistakes, chosen at random
  --seed N     choose the same sample as an earlier run with this seed
  --json       print the results as JSON
  TEXT         only mistakes with this text in their description or file name

Exit code 0: the tests caught every mistake. 2: they missed some. 1: the check itself failed.`;

interface Tried extends MutantOutcome {
  readonly mutant: Mutant;
}

const noticed = ({ result }: MutantOutcome) => ["killed", "crashed", "late"].includes(result);

async function main(): Promise<void> {
  helpIfAsked(usage);
  const { workers, json, chosen, seed } = readArguments();
  const progress = new Progress();
  if (seed !== undefined)
    progress.line(`A sample of ${chosen.length} of ${mutants.length} mistakes, seed ${seed}.`);
  const copies: ProjectCopy[] = [];
  const removeCopies = async () => {
    for (const copy of copies.splice(0)) copy.remove();
  };
  stopOnSignals(removeCopies);
  try {
    for (let index = 0; index < Math.min(workers, chosen.length); index++)
      copies.push(await ProjectCopy.make(join(__dirname, "..")));
    const tests = [...new Set(chosen.flatMap(({ tests }) => tests))].sort();
    const waiting = [...tests];
    await Promise.all(copies.map((copy) => workOff(waiting, (test) => testsPass(copy, test))));
    progress.line(`${tests.length} test files pass without a mistake.`);
    const tried: Tried[] = [];
    const left = [...chosen];
    await Promise.all(
      copies.map((copy) =>
        workOff(left, async (mutant) => {
          const outcome = await copy.try(mutant);
          tried.push({ mutant, ...outcome });
          progress.line(`${tried.length}/${chosen.length} ${lineOf({ mutant, ...outcome })}`);
        }),
      ),
    );
    tried.sort((one, other) => chosen.indexOf(one.mutant) - chosen.indexOf(other.mutant));
    console.log(json ? JSON.stringify(tried, null, 2) : summary(tried));
    process.exitCode = tried.every(noticed) ? 0 : 2;
  } finally {
    await removeCopies();
  }
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      options: {
        workers: { type: "string" },
        sample: { type: "string" },
        seed: { type: "string" },
        json: { type: "boolean", default: false },
      },
      allowPositionals: true,
    });
    const number = (option: "workers" | "sample" | "seed", otherwise: number): number => {
      const value = Number(values[option] ?? otherwise);
      if (!Number.isInteger(value) || value < 1)
        throw new UserError(`--${option} cannot be ${values[option]}. Use a whole number above 0.`);
      return value;
    };
    const workers = number("workers", availableParallelism());
    const seed = number("seed", 1 + (Date.now() % 1_000_000));
    const named = mutants.filter(
      ({ what, file }) =>
        positionals.length === 0 || positionals.some((text) => `${what} ${file}`.includes(text)),
    );
    if (named.length === 0)
      throw new UserError(`No mistake has ${positionals.join(" or ")} in its description or file.`);
    const sampled = values.sample !== undefined;
    const chosen = sampled ? sampleOf(named, number("sample", 1), seed) : named;
    return { workers, json: values.json, chosen, seed: sampled ? seed : undefined };
  } catch (error) {
    throw new UserError(`${messageOf(error)}\n\n${usage}`);
  }
}

/** Draws `size` items in random order, so that an interrupted run is a random sample, too. */
function sampleOf<T>(items: readonly T[], size: number, seed: number): T[] {
  const random = numbersOf(seed);
  const ordered = items.map((item) => ({ item, place: random() }));
  return ordered
    .sort((one, other) => one.place - other.place)
    .slice(0, size)
    .map(({ item }) => item);
}

/** Takes items from a list that several workers share, until it is empty. */
async function workOff<T>(waiting: T[], work: (one: T) => Promise<void>): Promise<void> {
  for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await work(one);
}

async function testsPass(copy: ProjectCopy, test: string): Promise<void> {
  const { result, by } = await copy.test([test]);
  if (result !== "survived")
    throw new UserError(`test/${test}.test.ts: ${result} without a mistake (${by}). Correct it first.`);
}

function lineOf({ mutant, result, by }: Tried): string {
  return `${result}: ${mutant.what} (${mutant.file})${by && ` by: ${by}`}`;
}

function summary(tried: readonly Tried[]): string {
  const missed = tried.filter((one) => !noticed(one));
  const share = ((100 * (tried.length - missed.length)) / tried.length).toFixed(1);
  return [
    ...missed.map(lineOf),
    `Assertions caught ${tried.length - missed.length} of ${tried.length} mistakes (${share} %).`,
  ].join("\n");
}

main().catch((error: unknown) => {
  console.error(error instanceof UserError ? error.message : error);
  process.exitCode = 1;
});
