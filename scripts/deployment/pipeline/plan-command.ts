import { readArgumentsOf, runScript } from "../run-script";
import { changedStacks } from "./changed-stacks";
import { setDigests, tell } from "./github-job";
import { planStacks } from "./plan-stacks";
import { requirePrograms } from "./required-programs";

const help = `Usage: scripts/pipeline/plan [--refresh | --review] [--changed] ENVIRONMENT [STACK...]

Plans stacks with read-only rights and writes the changes as Markdown for a reviewer, to stdout and to the job's summary.
The default is every stack. --changed plans the stacks that differ from HEAD^1 (scripts/pipeline/changed-stacks).
Without --refresh, a plan compares with the state: this needs fewer rights and no lock. With --refresh, it compares with Azure.
--review is --refresh for plans that a later job applies: each plan's digest goes to the step's output \`digests\`, JSON by stack.
Exit code 0: planned. 2: planned with --refresh, and something differs. 1: a stack could not be planned.
No plan reads a secret: scripts/plan-summary/plan-only.ts.
Plan files contain references to secrets, so the script deletes them at the end.
`;

/** `scripts/pipeline/plan`. */
export async function main(): Promise<void> {
  await runScript(async (interruption) => {
    const options = { type: "boolean", default: false } as const;
    const { environment, words, values } = readArgumentsOf(
      help,
      { refresh: options, review: options, changed: options },
      Number.POSITIVE_INFINITY,
    );
    await requirePrograms("terraform");
    const { review, changed } = values;
    const refresh = values.refresh || review;
    const named = words.length > 0 ? words : undefined;
    const stacks = changed ? await changedStacks(environment, "HEAD^1", interruption) : named;
    const result = await planStacks({ environment, stacks, refresh, review }, interruption, tell);
    if (review) setDigests(result.digests);
    if (result.failed) return 1;
    return refresh && !review && result.differs ? 2 : 0;
  });
}
