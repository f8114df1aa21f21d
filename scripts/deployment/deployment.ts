import type { Environment } from "../../environments/schema";
import { UserError } from "../../lib/processes/user-error";
import type { SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import { childEnvironment, withVaultLogin } from "./child-environment";
import { lossesOf } from "./data-loss";
import { inDeploymentOrder } from "./deployment-order";
import { type DeploymentOptions, DeploymentRun } from "./deployment-run";
import type { Interruption } from "./interruption";
import type { DeployedMachine } from "./machine-reports";
import { MachineUpdates } from "./machine-updates";
import { withDeployersPolicy } from "./older-policy";
import { allOutputs } from "./outputs";
import {
  type MadePlan,
  type PlannedStack,
  plannedChanges,
  readablePlan,
  stacksToDeployFirst,
  withPlan,
} from "./plan";
import { stateLocks } from "./preflight/lock-check";
import { preflight } from "./preflight/preflight";
import { type ReviewablePlan, reviewablePlan } from "./reviewed-plan";
import { StackApplication } from "./stack-application";
import { breakLock } from "./stack-state";
import { trySystem } from "./system-trial";
import type { TerraformRun } from "./terraform";

/** The output of scripts/deploy --json. */
export interface DeploymentResult {
  environment: string;
  ok: boolean;
  stacks: (
    | { stack: string; seconds: number; machines?: Record<string, readonly string[]> }
    | PlannedStack
    | ReviewablePlan
  )[];
  outputs?: Record<string, unknown>;
  /** One sentence for each problem, with its cure. */
  problems?: readonly string[];
}

/** One run of scripts/deploy. */
export class Deployment {
  private readonly run: DeploymentRun;

  constructor(
    environment: Environment,
    stackNames: readonly string[] | undefined,
    options: DeploymentOptions,
    interruption: Interruption,
    private readonly result: DeploymentResult,
  ) {
    this.run = new DeploymentRun(environment, stackNames, options, interruption);
  }

  async deploy(): Promise<void> {
    const env = await this.prepare();
    const { run } = this;
    const application = new StackApplication(run);
    const updates = new MachineUpdates(run);
    const started: DeployedMachine[] = [];
    for (const stack of this.stacks) {
      const { name } = stack;
      const start = performance.now();
      const before = run.states.get(name);
      await this.withLogin(name, env, true, (login, secrets) => application.apply(name, login, secrets));
      if (name === "vault-server") run.forgetVault();
      await run.readState(name, env);
      const machines = updates.of(stack, before);
      started.push(...machines.filter(({ deployment }) => deployment === "new"));
      const changed = machines.filter(({ deployment }) => deployment === "changed");
      await updates.bring(machines);
      this.result.stacks.push({
        stack: name,
        seconds: Math.round((performance.now() - start) / 100) / 10,
        ...(changed.length > 0 && {
          machines: Object.fromEntries(changed.map((machine) => [machine.name, machine.changes])),
        }),
      });
    }
    await this.withPolicy(() => trySystem(run));
    await updates.untilApplied(started);
    this.result.outputs = allOutputs(run.states);
  }

  /** @param show prints each plan for a person */
  async plan(show: (text: string) => void): Promise<void> {
    const env = await this.prepare();
    for (const stack of this.stacks) {
      const { name } = stack;
      const missing = stacksToDeployFirst(stack, this.run.states);
      if (missing.length > 0) {
        this.show({ stack: name, waitsFor: missing }, show);
        continue;
      }
      await this.planStack(name, env, false, async (terraform, made) => {
        const { plan } = made;
        const readable = await readablePlan(terraform, made);
        this.show({ stack: name, changes: plannedChanges(plan), ...readable }, show);
        for (const { sentence } of lossesOf(name, plan)) this.run.progress.line(`Warning: ${sentence}.`);
      });
    }
  }

  /** Deletes the run's temporary file with Vault's certificate. */
  close(): void {
    this.run.forgetVault();
  }

  /** Releases only the lock with this id, because another run may now hold a new lock. */
  async breakLock(id: string): Promise<void> {
    const { az, environment, system: stacks, interruption, progress } = this.run;
    const lock = (await stateLocks({ az, environment, stacks })).find(({ ID }) => ID === id);
    if (!lock) {
      throw new UserError(
        `No state of ${environment.name} has the lock ${id}. Run again without --break-lock. The script then names the locked states.`,
      );
    }
    const { stack, Who, Created } = lock;
    await progress.step(`release of the lock on the state of ${stack.name}, by ${Who} since ${Created}`, () =>
      breakLock(stack, id, interruption.signal),
    );
  }

  /** Plans as deploy() does. @param show prints each plan for a reviewer */
  async planForReview(show: (text: string) => void): Promise<void> {
    const env = await this.prepare();
    for (const { name } of this.stacks) {
      await this.planStack(name, env, true, async (_, { plan }) => {
        const reviewable = reviewablePlan(name, plan);
        this.result.stacks.push(reviewable);
        show(`${reviewable.summary}\nDigest: ${reviewable.digest}\n\n`);
      });
    }
  }

  /** @param wait true to wait for Vault before a plan of vault-config */
  private planStack(
    stack: string,
    env: NodeJS.ProcessEnv,
    wait: boolean,
    work: (run: TerraformRun, made: MadePlan) => Promise<void>,
  ): Promise<void> {
    return this.withLogin(stack, env, wait, (login, secrets) =>
      this.run.onStack("plan of", stack, login, secrets, (terraform) =>
        withPlan(terraform, (made) => work(terraform, made), this.run.scopeOf(stack)),
      ),
    );
  }

  /** The chosen stacks, in the order in which they are deployed. */
  private get stacks(): readonly SynthesizedStack[] {
    return inDeploymentOrder(this.run.stacks, this.run.states);
  }

  /** Checks everything that the deployment needs, and returns Terraform's environment. */
  private async prepare(): Promise<NodeJS.ProcessEnv> {
    const { environment, az, system, stacks, unfinished, interruption, progress } = this.run;
    const warn = (sentence: string): void => progress.line(`Warning: ${sentence}`);
    const { login, states } = await progress.step(`preflight of ${environment.name}`, (report) =>
      preflight({ environment, az, system, stacks, unfinished, warn, interruption, report }),
    );
    this.run.states = states;
    return childEnvironment(environment, login);
  }

  /**
   * Runs work on vault-config with Vault's certificate and the deployer's token. Other stacks get neither.
   * @param wait true to wait for Vault first
   */
  private async withLogin(
    stack: string,
    env: NodeJS.ProcessEnv,
    wait: boolean,
    work: (env: NodeJS.ProcessEnv, secrets: readonly string[]) => Promise<void>,
  ): Promise<void> {
    if (stack !== "vault-config") return work(env, []);
    const { interruption, progress, options } = this.run;
    const access = await this.run.vaultAccess();
    if (wait) {
      await progress.longStep("Vault: unsealed, and lets deployers in", (report) =>
        access.untilReady({ seconds: options.wait, interruption, report }),
      );
    }
    const token = await access.token();
    await this.withPolicy(() => work(withVaultLogin(env, access, token), [token]));
  }

  private withPolicy(work: () => Promise<void>): Promise<void> {
    const { environment, states } = this.run;
    return withDeployersPolicy(environment, states.get("vault-server"), work);
  }

  private show(planned: PlannedStack, show: (text: string) => void): void {
    this.result.stacks.push(planned);
    const { stack } = planned;
    show(
      "waitsFor" in planned
        ? `# ${stack}: can be planned once ${planned.waitsFor.join(", ")} is deployed\n\n`
        : `# ${stack}: ${planned.add} to add, ${planned.change} to change, ${planned.destroy} to destroy\n\n${planned.text}\n\n`,
    );
  }
}
