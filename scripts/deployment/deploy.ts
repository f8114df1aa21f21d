import { loadEnvironment } from "../../environments/load";
import type { Environment } from "../../environments/schema";
import type { Report } from "../../lib/processes/progress";
import { messageOf, UserError } from "../../lib/processes/user-error";
import { numberOf } from "../../lib/processes/version";
import { resourcesOf, type SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import { type VaultClient, VaultRefusal } from "../../lib/vault-api/vault-client";
import type { Plan } from "../plan-summary/plan";
import { adopt, type Stranger, strangersIn } from "./adoption";
import { AzureCli } from "./azure-cli";
import { childEnvironment, withVaultLogin } from "./child-environment";
import { chosenStacks } from "./chosen-stacks";
import { Cluster, type ClusterOptions } from "./cluster";
import { clusterChanges, type NodeChange } from "./cluster-changes";
import { lossesOf, refuseDataLoss } from "./data-loss";
import { DeploymentProblems } from "./deployment-problems";
import { DeploymentProgress } from "./deployment-progress";
import type { Interruption } from "./interruption";
import { type DeployedMachine, deployedMachines, MachineReports } from "./machine-reports";
import { NodeTurns } from "./node-turns";
import { oneAtATime } from "./one-at-a-time";
import { allOutputs, outputLines } from "./outputs";
import {
  type MadePlan,
  type PlannedStack,
  type PlanScope,
  plannedChanges,
  readablePlan,
  stacksToDeployFirst,
  withPlan,
} from "./plan";
import { stateLocks } from "./preflight/lock-check";
import { preflight } from "./preflight/preflight";
import { refuseQuorumLoss } from "./quorum-loss";
import { endAccess, proveGone, removedWorkloads } from "./removed-workloads";
import {
  type ReviewablePlan,
  refuseUnreviewed,
  refuseUnreviewedPart,
  reviewablePlan,
  reviewedDigest,
} from "./reviewed-plan";
import { readArguments, readSeconds, runScript } from "./run-script";
import { webAppsAnswer } from "./smoke-test";
import { breakLock, readState, type StackState } from "./stack-state";
import { synthesizeSystem } from "./system";
import { TerraformError, type TerraformRun, terraform } from "./terraform";
import { mountInTheWay } from "./terraform-failure";
import { UnfinishedWork } from "./unfinished-work";
import { VaultAccess } from "./vault";

const help = `Usage: scripts/deploy [environment] [--plan] [--stack NAME ...] [--wait SECONDS]
                      [--allow-loss ADDRESS ...] [--replace ADDRESS ...] [--at-once] [--no-snapshot]
                      [--break-lock ID] [--json]
       scripts/deploy [environment] --plan --review | --reviewed DIGESTS, with the same options

Checks what a deployment needs, deploys the stacks in order, waits until VMs that run have applied what changed for them, waits
for Vault, configures it and tries the result.
Run again after any failure, it goes on.

  environment     a file of environments/, without .json (default: $ENVIRONMENT, else demo)
  --plan          show what would change, and change nothing
  --stack NAME    only this stack; may be given several times
  --wait SECONDS  how long to wait for Vault's first boot, and for a VM to apply a change (default 1200)
  --allow-loss ADDRESS
                  let this resource be deleted, replaced or made smaller, though it holds data; Terraform's address
  --replace ADDRESS
                  create this VM again, for example with another Ubuntu; only its data disk is kept
  --at-once       change all nodes of a cluster together, not one after the other; Vault is away meanwhile
  --no-snapshot   let another version of Vault start without a snapshot before it
  --break-lock ID give back this lock, which a run that is over left on a state, then go on
  --review        with --plan: each plan as a reviewer reads it, and its digest
  --reviewed DIGESTS
                  apply only plans with these digests, JSON by stack, and stop at the first other one (docs/pipeline.md)
  --json          the result on stdout as JSON; progress goes to stderr
`;

/** What --json prints. */
export interface Result {
  environment: string;
  ok: boolean;
  stacks: (
    | { stack: string; seconds: number; machines?: Record<string, readonly string[]> }
    | PlannedStack
    | ReviewablePlan
  )[];
  outputs?: Record<string, unknown>;
  /** One sentence a problem, each with its cure. */
  problems?: readonly string[];
}

/** Seconds for web apps to start after their deployment. */
const webAppDeadline = 300;

/** `scripts/deploy`. */
export async function main(): Promise<void> {
  const result: Result = { environment: "", ok: false, stacks: [] };
  let json = false;
  const print = (): void => {
    if (json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  };
  await runScript(
    async (interruption) => {
      json = process.argv.includes("--json");
      const { environment: name, values } = readArguments(help, {
        plan: { type: "boolean", default: false },
        stack: { type: "string", multiple: true },
        wait: { type: "string", default: "1200" },
        "allow-loss": { type: "string", multiple: true, default: [] },
        replace: { type: "string", multiple: true, default: [] },
        "at-once": { type: "boolean", default: false },
        "no-snapshot": { type: "boolean", default: false },
        "break-lock": { type: "string" },
        review: { type: "boolean", default: false },
        reviewed: { type: "string" },
        json: { type: "boolean", default: false },
      });
      result.environment = name;
      const options = {
        wait: readSeconds(values.wait),
        allowedLosses: [...values["allow-loss"], ...values.replace],
        replace: values.replace,
        atOnce: values["at-once"],
        reviewed: values.reviewed === undefined ? undefined : readDigests(values.reviewed),
      };
      const work = async () => {
        const environment = { ...loadEnvironment(name), upgradeWithoutSnapshot: values["no-snapshot"] };
        const deployment = new Deployment(environment, values.stack, options, interruption, result);
        const show = (text: string) => void (json || process.stdout.write(text));
        const plan = () => (values.review ? deployment.planForReview(show) : deployment.plan(show));
        if (values["break-lock"]) await deployment.breakLock(values["break-lock"]);
        await (values.plan ? plan() : deployment.deploy()).finally(() => deployment.close());
      };
      try {
        await oneAtATime(work);
      } catch (error) {
        result.problems = error instanceof DeploymentProblems ? error.problems : undefined;
        throw error;
      }
      result.ok = true;
      if (!json) process.stdout.write(outputLines(result.outputs ?? {}));
      print();
    },
    (message) => {
      result.problems ??= [message];
      print();
    },
  );
}

/** Reads the digests of reviewed plans, by stack. @throws {UserError} */
export function readDigests(text: string): ReadonlyMap<string, string> {
  try {
    return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
  } catch {
    throw new UserError(`--reviewed takes JSON, a digest by stack, not ${JSON.stringify(text)}; see --help.`);
  }
}

/** What the options say. */
export interface Options {
  wait: number;
  allowedLosses: readonly string[];
  /** Addresses of the resources to replace. */
  replace: readonly string[];
  /** Whether all nodes of a cluster change together. */
  atOnce: boolean;
  /** Digests by stack; undefined where plans are applied that nobody reviewed. */
  reviewed: ReadonlyMap<string, string> | undefined;
}

/** One run of the script. */
export class Deployment {
  private readonly progress = new DeploymentProgress();
  private readonly az: AzureCli;
  private readonly unfinished: UnfinishedWork;
  /** All stacks; those that are chosen; what is known of each stack's state. */
  private readonly system: readonly SynthesizedStack[];
  private readonly stacks: readonly SynthesizedStack[];
  private states: ReadonlyMap<string, StackState> = new Map();
  private vault: VaultAccess | undefined;

  constructor(
    private readonly environment: Environment,
    stackNames: readonly string[] | undefined,
    private readonly options: Options,
    private readonly interruption: Interruption,
    private readonly result: Result,
  ) {
    this.unfinished = new UnfinishedWork(environment.name);
    this.system = synthesizeSystem(environment);
    this.stacks = chosenStacks(this.system, stackNames);
    this.az = new AzureCli(interruption.signal);
  }

  async deploy(): Promise<void> {
    const env = await this.prepare();
    const started: DeployedMachine[] = [];
    for (const stack of this.stacks) {
      const { name } = stack;
      const start = performance.now();
      const before = this.states.get(name);
      await this.withLogin(name, env, true, (login, secrets) => this.apply(name, login, secrets));
      if (name === "vault-server") this.forgetVault();
      await this.readState(name, env);
      const machines = this.machinesOf(stack, before);
      started.push(...machines.filter(({ deployment }) => deployment === "new"));
      const changed = machines.filter(({ deployment }) => deployment === "changed");
      await this.bringChanges(machines);
      this.result.stacks.push({
        stack: name,
        seconds: Math.round((performance.now() - start) / 100) / 10,
        ...(changed.length > 0 && {
          machines: Object.fromEntries(changed.map((machine) => [machine.name, machine.changes])),
        }),
      });
    }
    await this.trySystem();
    await this.untilApplied(started);
    this.result.outputs = allOutputs(this.states);
  }

  /** @param show takes each plan as a person reads it */
  async plan(show: (text: string) => void): Promise<void> {
    const env = await this.prepare();
    for (const stack of this.stacks) {
      const { name } = stack;
      const missing = stacksToDeployFirst(stack, this.states);
      if (missing.length > 0) {
        this.show({ stack: name, waitsFor: missing }, show);
        continue;
      }
      await this.withLogin(name, env, false, (login, secrets) =>
        this.onStack("plan of", name, login, secrets, (run) =>
          withPlan(
            run,
            async (made) => {
              const { plan } = made;
              const readable = await readablePlan(run, made);
              this.show({ stack: name, changes: plannedChanges(plan), ...readable }, show);
              for (const { sentence } of lossesOf(name, plan)) this.progress.line(`Warning: ${sentence}.`);
            },
            this.scopeOf(name),
          ),
        ),
      );
    }
  }

  /** Gives back what the run holds beside states: the file with Vault's certificate. */
  close(): void {
    this.forgetVault();
  }

  private forgetVault(): void {
    this.vault?.close();
    this.vault = undefined;
  }

  /** Only the lock that somebody saw: another run may hold one by now. */
  async breakLock(id: string): Promise<void> {
    const { az, environment, system: stacks, interruption, progress } = this;
    const lock = (await stateLocks({ az, environment, stacks })).find(({ ID }) => ID === id);
    if (!lock) {
      throw new UserError(
        `No state of ${environment.name} has the lock ${id}; run again without --break-lock, which says what is locked.`,
      );
    }
    const { stack, Who, Created } = lock;
    await progress.step(`lock on the state of ${stack.name}, by ${Who} since ${Created}: gives it back`, () =>
      breakLock(stack, id, interruption.signal),
    );
  }

  /** Plans as deploy() does. @param show takes each plan as a reviewer reads it */
  async planForReview(show: (text: string) => void): Promise<void> {
    const env = await this.prepare();
    for (const { name } of this.stacks) {
      await this.withLogin(name, env, true, (login, secrets) =>
        this.onStack("plan of", name, login, secrets, (run) =>
          withPlan(
            run,
            async ({ plan }) => {
              const reviewable = reviewablePlan(name, plan);
              this.result.stacks.push(reviewable);
              show(`${reviewable.summary}\nDigest: ${reviewable.digest}\n\n`);
            },
            this.scopeOf(name),
          ),
        ),
      );
    }
  }

  /** The stack's VMs, after its deployment. */
  private machinesOf(stack: SynthesizedStack, before: StackState | undefined): DeployedMachine[] {
    if (resourcesOf(stack, "azurerm_linux_virtual_machine").length === 0) return [];
    return deployedMachines(before, this.stateOf(stack.name));
  }

  /** Shows what changes on VMs that run, and waits until it has. */
  private async bringChanges(machines: readonly DeployedMachine[]): Promise<void> {
    for (const { name, changes } of machines) {
      for (const change of changes) this.progress.line(`  ${name} ${change}`);
    }
    const reports = new MachineReports(this.az);
    const due = await Promise.all(
      machines.map(
        async (machine) =>
          machine.deployment === "changed" ||
          (machine.deployment === "unchanged" && (await reports.isBehind(machine))),
      ),
    );
    await this.untilApplied(machines.filter((_, index) => due[index]));
  }

  /** All at once: in a cluster each waits for its turn, and which one that is nobody knows before. */
  private async untilApplied(machines: readonly DeployedMachine[]): Promise<void> {
    const { interruption } = this;
    const seconds = this.options.wait * machines.length;
    const reports = new MachineReports(this.az);
    const steps = machines.map((machine) =>
      this.progress.step(
        `${machine.name}: applies its user data ${machine.version}`,
        (report) => reports.untilApplied(machine, { seconds, interruption, report }),
        { announce: true },
      ),
    );
    await Promise.allSettled(steps);
    await Promise.all(steps);
  }

  /** Looks at everything that is needed, and gives what Terraform runs with. */
  private async prepare(): Promise<NodeJS.ProcessEnv> {
    const { environment, az, system, stacks, unfinished, interruption, progress } = this;
    const warn = (sentence: string): void => progress.line(`Warning: ${sentence}`);
    const { login, states } = await progress.step(`preflight of ${environment.name}`, (report) =>
      preflight({ environment, az, system, stacks, unfinished, warn, interruption, report }),
    );
    this.states = states;
    return childEnvironment(environment, login);
  }

  /**
   * Plans a stack, looks at the plan, and applies exactly that; once more after what a run left that was killed is taken in, or after the
   * nodes of a cluster have changed one after the other.
   * @param first the plan of which the nodes have changed already
   */
  private async apply(
    stack: string,
    env: NodeJS.ProcessEnv,
    secrets: readonly string[],
    first?: Plan,
  ): Promise<void> {
    const { reviewed, atOnce } = this.options;
    const digest = reviewed && reviewedDigest(stack, reviewed);
    const work = this.onStack("stack", stack, env, secrets, async (run) => {
      const turns = await withPlan(
        run,
        async (made) => {
          const { plan } = made;
          if (digest && first) refuseUnreviewedPart(stack, first, plan);
          else if (digest) refuseUnreviewed(stack, plan, digest);
          refuseQuorumLoss(stack, plan, atOnce);
          this.refuseLosses(stack, plan);
          const nodes = clusterChanges(stack, plan);
          if (!atOnce && !first && nodes.some(({ stops, leaves }) => stops || leaves)) return { plan, nodes };
          return { again: await this.applyAndAdopt(run, made) };
        },
        first ? {} : this.scopeOf(stack),
      );
      if (!turns.nodes) return turns.again ? { first } : undefined;
      await this.changeInTurn(run, turns.plan, turns.nodes);
      return { first: turns.plan };
    });
    const again = await work.catch((error) => this.clearedTheWay(error));
    if (again) await this.apply(stack, env, secrets, again.first);
  }

  /** The addresses to replace in this stack. */
  private scopeOf(stack: string): PlanScope {
    const state = this.states.get(stack);
    return { replace: this.options.replace.filter((address) => state?.holds(address)) };
  }

  private refuseLosses(stack: string, plan: Plan): void {
    refuseDataLoss(lossesOf(stack, plan), this.options.allowedLosses);
  }

  /** @returns whether something was in the way, and is taken in now */
  private async applyAndAdopt(run: TerraformRun, { plan, file, changes }: MadePlan): Promise<boolean> {
    const removed = removedWorkloads(plan);
    const ended = await Promise.all(
      removed.map((workload) => this.asDeployer((client) => endAccess(client, workload))),
    );
    const strangers = await this.applyPlan(run, file, changes);
    for (const [index, workload] of removed.entries()) {
      await this.asDeployer((client) => proveGone(client, workload));
      this.progress.line(
        `  ${workload.role}: Vault has neither this role nor its policy; ended: ${ended[index]?.join(", ")}`,
      );
    }
    for (const { address } of strangers)
      this.progress.line(`  takes in ${address}, which a run made that was killed`);
    await adopt(strangers, { run, plan, az: this.az });
    return strangers.length > 0;
  }

  private async changeInTurn(run: TerraformRun, plan: Plan, nodes: readonly NodeChange[]): Promise<void> {
    const { interruption, progress } = this;
    const { wait: seconds } = this.options;
    run.report("its nodes take turns");
    const withVault: ClusterOptions["withVault"] = async (work) => {
      const access = await this.vaultAccess();
      return access.asDeployer(work).catch((error) => {
        // A node that has changed may show a newer one.
        if (/certificate|self-signed/i.test(messageOf(error))) this.forgetVault();
        throw error;
      });
    };
    const cluster = new Cluster({ withVault, seconds, interruption });
    const version = numberOf(this.environment.vault.version);
    const change = (node: NodeChange, report: Report) => this.changeNode({ ...run, report }, plan, node);
    await new NodeTurns({ cluster, progress, version, change }).take(nodes);
  }

  /** Changes what the plan changes of one node, and nothing else. */
  private async changeNode(run: TerraformRun, whole: Plan, node: NodeChange): Promise<void> {
    const { stack, env, report } = run;
    const { wait: seconds, reviewed, replace } = this.options;
    const targets = node.addresses;
    const again = await withPlan(
      run,
      async (made) => {
        const others = clusterChanges(stack, made.plan).filter(
          ({ name, stops, leaves }) => name !== node.name && (stops || leaves),
        );
        if (others.length > 0)
          throw new UserError(
            `The change of ${node.name} would stop ${others.map(({ name }) => name).join(" and ")} too; change what they share in a deployment of its own.`,
          );
        if (reviewed) refuseUnreviewedPart(stack, whole, made.plan);
        this.refuseLosses(stack, made.plan);
        return this.applyAndAdopt(run, made);
      },
      { targets, replace: replace.filter((address) => targets.includes(address)) },
    );
    if (again) return this.changeNode(run, whole, node);
    const before = this.states.get(stack);
    await this.readState(stack, env);
    const machines = deployedMachines(before, this.stateOf(stack));
    const machine = machines.find(({ name }) => name.endsWith(`-${node.name}`));
    if (!machine)
      throw new UserError(`Terraform's state has no VM of ${node.name}; run the same command again.`);
    await new MachineReports(this.az).untilApplied(machine, {
      seconds,
      interruption: this.interruption,
      report,
    });
  }

  /** Takes away the database engine that an earlier removal left half way. @throws the error where that is not the reason for it */
  private async clearedTheWay(error: unknown): Promise<{ first?: Plan }> {
    if (!(error instanceof TerraformError && mountInTheWay(error.output) === "database")) throw error;
    const access = await this.vaultAccess();
    const cleared = await access.finishRemovalOfDatabaseEngine().catch((reason) => {
      // MySQL is still away, which the error says.
      if (reason instanceof VaultRefusal) return false;
      throw reason;
    });
    if (!cleared) throw error;
    this.progress.line("  took away the database engine, whose removal an earlier run had not ended");
    return {};
  }

  /** @returns what is in the way, where an earlier run was killed and may have made it */
  private async applyPlan(run: TerraformRun, file: string, changes: boolean): Promise<readonly Stranger[]> {
    const { stack } = run;
    const killedBefore = this.unfinished.isLeftOf(stack);
    try {
      await this.unfinished.during(stack, async () => {
        if (changes) await terraform(run, ["apply", "-no-color", "-input=false", file]);
      });
      return [];
    } catch (error) {
      const strangers = error instanceof TerraformError ? strangersIn(error.output) : undefined;
      if (killedBefore && strangers) return strangers;
      throw error;
    }
  }

  private onStack<T>(
    what: string,
    stack: string,
    env: NodeJS.ProcessEnv,
    secrets: readonly string[],
    work: (run: TerraformRun) => Promise<T>,
  ): Promise<T> {
    const { progress, interruption } = this;
    return progress.step(
      `${what} ${stack}`,
      async (report) => {
        // Terraform runs az, too, for the web apps' package.
        await this.az.renewLogin();
        return work({ stack, env, interruption, report, secrets });
      },
      { announce: true },
    );
  }

  /**
   * Does what vault-config needs Vault's certificate and the deployer's token for; other stacks get neither.
   * @param wait whether to wait for Vault first
   */
  private async withLogin(
    stack: string,
    env: NodeJS.ProcessEnv,
    wait: boolean,
    work: (env: NodeJS.ProcessEnv, secrets: readonly string[]) => Promise<void>,
  ): Promise<void> {
    if (stack !== "vault-config") return work(env, []);
    const { interruption, progress } = this;
    const access = await this.vaultAccess();
    if (wait) {
      await progress.step(
        "Vault: unsealed, and lets deployers in",
        (report) => access.untilReady({ seconds: this.options.wait, interruption, report }),
        { announce: true },
      );
    }
    const token = await access.token();
    return work(withVaultLogin(env, access, token), [token]);
  }

  /** The certificate is fetched once, and once more after what may bring another one. */
  private async vaultAccess(): Promise<VaultAccess> {
    this.vault ??= await this.progress.step("Vault: certificate from Key Vault", () =>
      VaultAccess.open(this.az, this.environment, this.stateOf("vault-server")),
    );
    return this.vault;
  }

  private async asDeployer<T>(work: (client: VaultClient) => Promise<T>): Promise<T> {
    return (await this.vaultAccess()).asDeployer(work);
  }

  /** Tries what was deployed in this run; web apps need a Vault that is configured. */
  private async trySystem(): Promise<void> {
    const { interruption, progress } = this;
    const configured = this.stacks.some(({ name }) => name === "vault-config");
    if (configured) {
      const access = await this.vaultAccess();
      await progress.step("smoke test: Vault", (report) =>
        access.untilReady({ seconds: 30, interruption, report }),
      );
      await this.endExpiredLeases(access);
    }
    const webApp = this.stacks.find(({ name }) => name === "web-app");
    if (webApp && this.states.get("vault-config")?.isDeployed) {
      const seconds = Math.min(webAppDeadline, this.options.wait);
      await progress.step("smoke test: web apps", () =>
        webAppsAnswer(webApp, this.stateOf("web-app"), { seconds, interruption }),
      );
    }
  }

  /** What Vault tries six times and then gives up. */
  private async endExpiredLeases(access: VaultAccess): Promise<void> {
    const { progress } = this;
    const { ended, left } = await progress.step("Vault: expired database users", () =>
      access.endExpiredLeases(),
    );
    if (ended.length > 0) progress.line(`  ${ended.length} that Vault had given up are gone now`);
    for (const [id, reason] of Object.entries(left)) {
      progress.line(
        `Warning: the expired database user of the lease ${id} is still there (${reason}). Repair MySQL or its connection in Vault, and run the same command again.`,
      );
    }
  }

  private async readState(stack: string, env: NodeJS.ProcessEnv): Promise<void> {
    const state = await readState({ stack, env, interruption: this.interruption });
    this.states = new Map([...this.states, [stack, state]]);
  }

  private stateOf(name: string): StackState {
    const state = this.states.get(name);
    if (!state) throw new UserError(`The environment has no stack ${name}.`);
    return state;
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
