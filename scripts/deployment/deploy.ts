import { join } from "node:path";
import { loadEnvironment } from "../../environments/load";
import type { Report } from "../../lib/processes/progress";
import { UserError } from "../../lib/processes/user-error";
import { resourcesOf, type SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import { synthesize } from "../../main";
import type { Plan } from "../plan-summary/plan";
import { Adoption, type Stranger, strangersIn } from "./adoption";
import { AzureCli } from "./azure-cli";

import { cdktf, TerraformError } from "./cdktf";
import { childEnvironment, withVaultLogin } from "./child-environment";
import { chosenStacks } from "./chosen-stacks";
import { holdsData, lossesOf, refuseDataLoss } from "./data-loss";
import { DeploymentProblems } from "./deployment-problems";
import { DeploymentProgress } from "./deployment-progress";
import type { Interruption } from "./interruption";
import { type DeployedMachine, deployedMachines, MachineReports } from "./machine-reports";
import { oneAtATime } from "./one-at-a-time";
import { allOutputs, outputLines } from "./outputs";
import { type PlannedStack, plannedChanges, readPlan, savedPlan, stacksToDeployFirst } from "./plan";
import { stateLocks } from "./preflight/lock-check";
import { type Prepared, preflight } from "./preflight/preflight";
import { projectFolder } from "./project";
import { applyReviewed, planForReview, type ReviewablePlan } from "./reviewed-plan";
import { readArguments, runScript } from "./run-script";
import { webAppsAnswer } from "./smoke-test";
import { breakLock, readState } from "./stack-state";
import { readSystem } from "./system";
import { UnfinishedWork } from "./unfinished-work";
import { VaultAccess } from "./vault";

const help = `Usage: scripts/deploy [environment] [--plan] [--stack NAME ...] [--wait SECONDS]
                      [--allow-loss ADDRESS ...] [--break-lock ID] [--json]
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
  --break-lock ID give back this lock, which a run that is over left on a state, then go on
  --review        with --plan: each plan as a reviewer reads it, and its digest
  --reviewed DIGESTS
                  apply only plans with these digests, JSON by stack, and stop at the first other one (docs/pipeline.md)
  --json          the result on stdout as JSON; progress goes to stderr
`;

/** What --json prints. */
interface Result {
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
        "break-lock": { type: "string" },
        review: { type: "boolean", default: false },
        reviewed: { type: "string" },
        json: { type: "boolean", default: false },
      });
      result.environment = name;
      const deployment = new Deployment(
        name,
        values.stack,
        {
          wait: readSeconds(values.wait),
          allowedLosses: values["allow-loss"],
          reviewed: readDigests(values.reviewed),
        },
        interruption,
        result,
      );
      const plan = () => (values.review ? deployment.planForReview() : deployment.plan());
      const work = async () => {
        if (values["break-lock"]) await deployment.breakLock(values["break-lock"]);
        await (values.plan ? plan() : deployment.deploy());
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

function readSeconds(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) {
    throw new UserError(`--wait takes a whole number of seconds, not ${JSON.stringify(text)}; see --help.`);
  }
  return Number(text);
}

/** Undefined without the option. */
function readDigests(text: string | undefined): ReadonlyMap<string, string> | undefined {
  if (text === undefined) return undefined;
  try {
    return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
  } catch {
    throw new UserError(`--reviewed takes JSON, a digest by stack, not ${JSON.stringify(text)}; see --help.`);
  }
}

/** What the options say. */
interface Options {
  wait: number;
  allowedLosses: readonly string[];
  /** Digests by stack; undefined where plans are applied that nobody reviewed. */
  reviewed: ReadonlyMap<string, string> | undefined;
}

/** One run of the script. */
class Deployment {
  private readonly progress = new DeploymentProgress();
  private readonly az: AzureCli;
  private readonly environment;
  private readonly unfinished: UnfinishedWork;
  private readonly system: readonly SynthesizedStack[];
  private readonly stacks: readonly SynthesizedStack[];

  constructor(
    name: string,
    stackNames: readonly string[] | undefined,
    private readonly options: Options,
    private readonly interruption: Interruption,
    private readonly result: Result,
  ) {
    this.environment = loadEnvironment(name);
    this.unfinished = new UnfinishedWork(name);
    this.system = readSystem(this.environment);
    this.stacks = chosenStacks(this.system, stackNames);
    this.az = new AzureCli(interruption.signal);
  }

  async deploy(): Promise<void> {
    const prepared = await this.prepare();
    const env = childEnvironment(this.environment, prepared.login);
    if (this.options.reviewed) this.synthesize();
    const started: DeployedMachine[] = [];
    for (const stack of this.stacks) {
      const { name } = stack;
      const start = performance.now();
      const guarded = holdsData(name, prepared.states.get(name));
      if (name === "vault-config") await this.configureVault(env, guarded);
      else await this.apply(name, env, guarded);
      const machines = await this.machinesOf(stack, prepared);
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
    await this.trySystem(prepared);
    await this.untilApplied(started);
    this.result.outputs = await this.outputs(prepared);
  }

  async plan(): Promise<void> {
    const { login, states } = await this.prepare();
    const env = childEnvironment(this.environment, login);
    for (const stack of this.stacks) {
      const { name } = stack;
      const missing = stacksToDeployFirst(stack, states);
      if (missing.length > 0) {
        this.show({ stack: name, waitsFor: missing });
      } else {
        const text =
          name === "vault-config"
            ? await this.withVault((access) =>
                this.onVault(env, access, (...login) => this.diff(name, ...login)),
              )
            : await this.diff(name, env);
        this.show({ stack: name, changes: plannedChanges(text.plan), ...readPlan(text.output) });
        for (const { sentence } of lossesOf(name, text.plan)) this.progress.line(`Warning: ${sentence}.`);
      }
    }
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

  /** Plans as deploy() plans with --reviewed. */
  async planForReview(): Promise<void> {
    const env = childEnvironment(this.environment, (await this.prepare()).login);
    const { progress, interruption } = this;
    this.synthesize();
    const plan = async (stack: string, env: NodeJS.ProcessEnv, secrets: readonly string[] = []) => {
      const planned = await progress.step(
        `plan of ${stack}`,
        (report) => planForReview({ stack, env, interruption, report, secrets }),
        { announce: true },
      );
      this.result.stacks.push(planned);
      if (!process.argv.includes("--json")) {
        process.stdout.write(`${planned.summary}\nDigest: ${planned.digest}\n\n`);
      }
    };
    for (const { name } of this.stacks) {
      if (name === "vault-config") await this.onReadyVault(env, (...login) => plan(name, ...login));
      else await plan(name, env);
    }
  }

  /** To where cdktf would. */
  private synthesize(): void {
    synthesize(this.environment, join(projectFolder, "cdktf.out"));
  }

  /** The stack's VMs, after its deployment. */
  private async machinesOf(stack: SynthesizedStack, { states }: Prepared): Promise<DeployedMachine[]> {
    if (resourcesOf(stack, "azurerm_linux_virtual_machine").length === 0) return [];
    return deployedMachines(states.get(stack.name), await this.stateOf(stack.name));
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

  private async untilApplied(machines: readonly DeployedMachine[]): Promise<void> {
    const { interruption } = this;
    const { wait: seconds } = this.options;
    const reports = new MachineReports(this.az);
    for (const machine of machines) {
      await this.progress.step(
        `${machine.name}: applies its user data ${machine.version}`,
        (report) => reports.untilApplied(machine, { seconds, interruption, report }),
        { announce: true },
      );
    }
  }

  private async prepare(): Promise<Prepared> {
    const { environment, az, system, stacks, unfinished, interruption } = this;
    const warn = (sentence: string): void => this.progress.line(`Warning: ${sentence}`);
    return this.progress.step(`preflight of ${environment.name}`, async () =>
      preflight({ environment, az, system, stacks, unfinished, warn, signal: interruption.signal }),
    );
  }

  private run(
    stack: string,
    action: "deploy" | "diff",
    env: NodeJS.ProcessEnv,
    secrets: readonly string[] = [],
  ): Promise<string> {
    const { progress, interruption } = this;
    const what = action === "diff" ? `plan of ${stack}` : `stack ${stack}`;
    const work = async (report: Report) => {
      // Terraform runs az, too, for the web apps' package.
      await this.az.renewLogin();
      return cdktf({ action, stack, env, interruption, report, secrets });
    };
    return progress.step(what, work, { announce: true });
  }

  private applyReviewed(stack: string, env: NodeJS.ProcessEnv, secrets: readonly string[]): Promise<void> {
    const { progress, interruption, options } = this;
    const work = async (report: Report) => {
      await this.az.renewLogin();
      const reviewed = options.reviewed?.get(stack);
      await applyReviewed(
        { digest: reviewed, allowedLosses: options.allowedLosses },
        { stack, env, interruption, report, secrets },
      );
    };
    return progress.step(`stack ${stack}`, work, { announce: true });
  }

  /** What Terraform would do with a stack, as it says and as it is to be read. */
  private async diff(
    stack: string,
    env: NodeJS.ProcessEnv,
    secrets: readonly string[] = [],
  ): Promise<{ output: string; plan: Plan }> {
    const output = await this.run(stack, "diff", env, secrets);
    return { output, plan: await savedPlan(stack, env, this.interruption.signal) };
  }

  /** Deploys a stack; one that holds data only after a look at its plan. */
  private async apply(
    stack: string,
    env: NodeJS.ProcessEnv,
    guarded: boolean,
    secrets: readonly string[] = [],
  ): Promise<void> {
    if (this.options.reviewed) return this.applyReviewed(stack, env, secrets);
    if (guarded) {
      const { plan } = await this.diff(stack, env, secrets);
      refuseDataLoss(lossesOf(stack, plan), this.options.allowedLosses);
    }
    const killedBefore = this.unfinished.isLeftOf(stack);
    try {
      await this.unfinished.during(stack, () => this.run(stack, "deploy", env, secrets));
    } catch (error) {
      const strangers = error instanceof TerraformError ? strangersIn(error.output) : undefined;
      if (!killedBefore || !strangers) throw error;
      await this.adopt(strangers, stack, env, secrets);
      // What was taken in may hold data by now.
      await this.apply(stack, env, true, secrets);
    }
  }

  /** Takes what a run that was killed left in Azure into the stack's state. */
  private adopt(
    strangers: readonly Stranger[],
    stack: string,
    env: NodeJS.ProcessEnv,
    secrets: readonly string[],
  ): Promise<void> {
    const { az, interruption, progress } = this;
    const what = strangers.map(({ address }) => address).join(", ");
    return progress.step(
      `stack ${stack}: takes in what a run that was killed had made (${what})`,
      async (report) => {
        const plan = async () => (await this.diff(stack, env, secrets)).plan;
        await new Adoption(az, { stack, env, interruption, report, secrets }, plan).adopt(strangers);
      },
      { announce: true },
    );
  }

  private configureVault(env: NodeJS.ProcessEnv, guarded: boolean): Promise<void> {
    return this.onReadyVault(env, (login, secrets) => this.apply("vault-config", login, guarded, secrets));
  }

  private async onReadyVault(
    env: NodeJS.ProcessEnv,
    work: (login: NodeJS.ProcessEnv, secrets: readonly string[]) => Promise<void>,
  ): Promise<void> {
    const { interruption } = this;
    const { wait: seconds } = this.options;
    await this.withVault(async (access) => {
      await this.progress.step(
        "Vault: unsealed, and lets deployers in",
        (report) => access.untilReady({ seconds, interruption, report }),
        { announce: true },
      );
      await this.onVault(env, access, work);
    });
  }

  private async onVault<T>(
    env: NodeJS.ProcessEnv,
    access: VaultAccess,
    work: (login: NodeJS.ProcessEnv, secrets: readonly string[]) => Promise<T>,
  ): Promise<T> {
    const token = await access.token();
    return work(withVaultLogin(env, access, token), [token]);
  }

  /** Does what Vault's certificate and the deployer's token are needed for. */
  private async withVault<T>(work: (access: VaultAccess) => Promise<T>): Promise<T> {
    const access = await this.progress.step("Vault: certificate from Key Vault", async () =>
      VaultAccess.open(this.az, await this.stateOf("vault-server")),
    );
    try {
      return await work(access);
    } finally {
      access.close();
    }
  }

  /** Tries what was deployed in this run; web apps need a Vault that is configured. */
  private async trySystem({ states }: Prepared): Promise<void> {
    const { interruption, progress } = this;
    const configured = this.stacks.some(({ name }) => name === "vault-config");
    if (configured) {
      await this.withVault((access) =>
        progress.step("smoke test: Vault", (report) =>
          access.untilReady({ seconds: 30, interruption, report }),
        ),
      );
    }
    const webApp = this.stacks.find(({ name }) => name === "web-app");
    if (webApp && (configured || states.get("vault-config")?.isDeployed)) {
      const state = await this.stateOf("web-app");
      await progress.step("smoke test: web apps", () =>
        webAppsAnswer(webApp, state, { seconds: Math.min(webAppDeadline, this.options.wait), interruption }),
      );
    }
  }

  /** Those of stacks that were not deployed in this run are known from before. */
  private async outputs({ states }: Prepared): Promise<Record<string, unknown>> {
    const now = await Promise.all(
      this.stacks.map(
        async (stack) => [stack.name, await readState(stack, this.interruption.signal)] as const,
      ),
    );
    return allOutputs(new Map([...states, ...now]));
  }

  private stateOf(name: string) {
    const stack = this.system.find((one) => one.name === name);
    if (!stack) throw new UserError(`The environment has no stack ${name}.`);
    return readState(stack, this.interruption.signal);
  }

  private show(planned: PlannedStack): void {
    this.result.stacks.push(planned);
    if (process.argv.includes("--json")) return;
    const { stack } = planned;
    process.stdout.write(
      "waitsFor" in planned
        ? `# ${stack}: can be planned once ${planned.waitsFor.join(", ")} is deployed\n\n`
        : `# ${stack}: ${planned.add} to add, ${planned.change} to change, ${planned.destroy} to destroy\n\n${planned.text}\n\n`,
    );
  }
}
