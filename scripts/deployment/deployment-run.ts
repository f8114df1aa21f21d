import type { Environment } from "../../environments/schema";
import { UserError } from "../../lib/processes/user-error";
import type { SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import type { VaultClient } from "../../lib/vault-api/vault-client";
import { AzureCli } from "./azure-cli";
import { chosenStacks } from "./chosen-stacks";
import { DeploymentProgress } from "./deployment-progress";
import type { Interruption } from "./interruption";
import { MachineReports } from "./machine-reports";
import type { PlanScope } from "./plan";
import { readState, type StackState } from "./stack-state";
import { synthesizeSystem } from "./system";
import type { TerraformRun } from "./terraform";
import { UnfinishedWork } from "./unfinished-work";
import { VaultAccess } from "./vault-access";

/** The options of scripts/deploy. */
export interface DeploymentOptions {
  wait: number;
  allowedLosses: readonly string[];
  /** Addresses of the resources to replace. */
  replace: readonly string[];
  /** True if all nodes of a cluster change together. */
  atOnce: boolean;
  /** Digests of reviewed plans by stack. Undefined if no review is required. */
  reviewed: ReadonlyMap<string, string> | undefined;
}

/** The data that all parts of one deployment share: its stacks, their states, and the connection to Vault. */
export class DeploymentRun {
  readonly progress = new DeploymentProgress();
  readonly az: AzureCli;
  /** The VMs' reports on their consoles. */
  readonly reports: MachineReports;
  readonly unfinished: UnfinishedWork;
  /** All stacks, the chosen stacks, and each stack's known state. */
  readonly system: readonly SynthesizedStack[];
  readonly stacks: readonly SynthesizedStack[];
  states: ReadonlyMap<string, StackState> = new Map();
  private vault: VaultAccess | undefined;

  constructor(
    readonly environment: Environment,
    stackNames: readonly string[] | undefined,
    readonly options: DeploymentOptions,
    readonly interruption: Interruption,
  ) {
    this.system = synthesizeSystem(environment);
    this.stacks = chosenStacks(this.system, stackNames);
    this.az = new AzureCli(environment.azureCloud, interruption.signal);
    this.reports = new MachineReports(this.az);
    this.unfinished = new UnfinishedWork(environment.name);
  }

  /** Runs a step of Terraform on a stack. */
  onStack<T>(
    what: string,
    stack: string,
    env: NodeJS.ProcessEnv,
    secrets: readonly string[],
    work: (run: TerraformRun) => Promise<T>,
  ): Promise<T> {
    const { progress, interruption } = this;
    return progress.longStep(`${what} ${stack}`, async (report) => {
      // Terraform runs az, too, for the web apps' package.
      await this.az.renewLogin();
      return work({ stack, env, interruption, report, secrets });
    });
  }

  /** The resources that a plan of a stack replaces. */
  scopeOf(stack: string): PlanScope {
    const state = this.states.get(stack);
    return { replace: this.options.replace.filter((address) => state?.holds(address)) };
  }

  /** Reads the state of an initialized stack. */
  async readState(stack: string, env: NodeJS.ProcessEnv): Promise<void> {
    const state = await readState({ stack, env, interruption: this.interruption });
    this.states = new Map([...this.states, [stack, state]]);
  }

  stateOf(name: string): StackState {
    const state = this.states.get(name);
    if (!state) throw new UserError(`The environment has no stack ${name}.`);
    return state;
  }

  /** Fetches the certificate once, and again after a step that may change it. */
  async vaultAccess(): Promise<VaultAccess> {
    this.vault ??= await this.progress.step("Vault: certificate from Key Vault", () =>
      VaultAccess.open(this.az, this.environment, this.stateOf("vault-server")),
    );
    return this.vault;
  }

  /** Runs work as a deployer who is logged in to Vault. */
  async asDeployer<T>(work: (client: VaultClient) => Promise<T>): Promise<T> {
    return (await this.vaultAccess()).asDeployer(work);
  }

  /** Makes the next use of Vault fetch its certificate again. */
  forgetVault(): void {
    this.vault?.close();
    this.vault = undefined;
  }
}
