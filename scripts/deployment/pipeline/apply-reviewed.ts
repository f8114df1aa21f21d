import { loadEnvironment } from "../../../environments/load";
import type { Environment } from "../../../environments/schema";
import { UserError } from "../../../lib/processes/user-error";
import { Deployment, type DeploymentResult } from "../deployment";
import type { DeploymentOptions } from "../deployment-run";
import type { Interruption } from "../interruption";
import { oneAtATime } from "../one-at-a-time";
import { outputLines } from "../outputs";
import { readDigests } from "../reviewed-plan";
import { readArgumentsOf, runScript } from "../run-script";
import { readSystem } from "../system";
import { setDigests, tell } from "./github-job";
import { byPerson } from "./pipeline-rights";

const help = `Usage: REVIEWED_DIGESTS=JSON scripts/pipeline/apply ENVIRONMENT [vault-config]

Applies the reviewed plans of an environment as scripts/deploy does, stack by stack in the order of deployment. It stops at the
first plan that differs from the reviewed one. The next run of the workflow plans the rest.
  without vault-config   applies all stacks but vault-config, then plans vault-config for a review
  with vault-config      applies that plan
REVIEWED_DIGESTS is the output \`digests\` of scripts/pipeline/plan --review, or of the first of these commands.
BREAK_LOCK: the id of a state lock that a cancelled run left; this script releases it first.
A person applies the stack vm-reader-role, because a pipeline does not have the rights. The nightly drift check reports when it
is due.
`;

const last = "vault-config";

/** `scripts/pipeline/apply`. */
export async function main(): Promise<void> {
  await runScript(async (interruption) => {
    const { environment: name, words } = readArgumentsOf(help, {}, 1);
    const [only = last] = words;
    if (only !== last) throw new UserError(help.split("\n")[0]);
    const { REVIEWED_DIGESTS: digests, BREAK_LOCK: lock } = process.env;
    if (!digests)
      throw new UserError(
        "REVIEWED_DIGESTS is empty, so nobody has reviewed a plan. Run the workflow from its start.",
      );
    const pipeline = new ReviewedPlans(loadEnvironment(name), readDigests(digests), interruption);
    await oneAtATime(async () => {
      if (words.length > 0) return pipeline.apply([last]);
      await pipeline.applyAllButLast(lock);
      await pipeline.planLast();
    });
  });
}

/** The plans that a reviewer approved. */
class ReviewedPlans {
  private readonly options: DeploymentOptions;

  constructor(
    private readonly environment: Environment,
    reviewed: ReadonlyMap<string, string>,
    private readonly interruption: Interruption,
  ) {
    this.options = { wait: 1200, allowedLosses: [], replace: [], atOnce: false, reviewed };
  }

  async apply(stacks: readonly string[], lock?: string): Promise<void> {
    const { outputs = {} } = await this.run(stacks, async (deployment) => {
      // Only one run of the workflow exists at a time, so this lock belongs to an ended run.
      if (lock) await deployment.breakLock(lock);
      await deployment.deploy();
    });
    process.stdout.write(outputLines(outputs));
  }

  async applyAllButLast(lock: string | undefined): Promise<void> {
    const stacks = readSystem(this.environment).map(({ name }) => name);
    await this.apply(
      stacks.filter((stack) => stack !== byPerson && stack !== last),
      lock,
    );
  }

  /** This plan needs a deployer's login to Vault. No job has one before the approval of this job. */
  async planLast(): Promise<void> {
    const { stacks } = await this.run([last], (deployment) => deployment.planForReview(() => {}));
    for (const planned of stacks) {
      if (!("digest" in planned)) continue;
      tell(planned.summary);
      setDigests({ [planned.stack]: planned.digest });
    }
  }

  private async run(
    stacks: readonly string[],
    work: (deployment: Deployment) => Promise<void>,
  ): Promise<DeploymentResult> {
    const { environment, interruption, options } = this;
    const result: DeploymentResult = { environment: environment.name, ok: false, stacks: [] };
    const deployment = new Deployment(environment, stacks, options, interruption, result);
    await work(deployment).finally(() => deployment.close());
    return result;
  }
}
