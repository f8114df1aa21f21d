import type { Environment } from "../../environments/schema";
import { UserError } from "../../lib/processes/user-error";
import type { SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import type { VaultClient } from "../../lib/vault-api/vault-client";
import { AzureCli } from "./azure-cli";
import { chosenStacks } from "./chosen-stacks";
import { DeploymentProgress } from "./deployment-progress";
import type { Interruption } from "./interruption";
import type { PlanScope } from "./plan";
import { readState, type StackState } from "./stack-state";
import { synthesizeSystem } from "./system";
import type { TerraformRun } from "./terraform";
import { VaultAccess } from "./vault";

/** What the options of scripts/deploy say. */
export interface DeploymentOptions {
  wait: number;
  allowedLosses: readonly string[];
  /** Addresses of the resources to replace. */
  replace: readonly string[];
  /** Whether all nodes of a cluster change together. */
  atOnce: boolean;
  /** Digests by stack; undefined where plans are applied that nobody reviewed. */
  reviewed: ReadonlyMap<string, string> | undefined;
}

/** What the parts of one deployment share: its stacks, what is known of their states, and the way to Vault. */
export class DeploymentRun {
  readonly progress = new DeploymentProgress();
  readonly az: AzureCli;
  /** All stacks; those that are chosen; what is known of each stack's state. */
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
    this.az = new AzureCli(interruption.signal);
  }

  /** Does a step of Terraform with a stack. */
  onStack<T>(
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

  /** What a plan of a stack replaces. */
  scopeOf(stack: string): PlanScope {
    const state = this.states.get(stack);
    return { replace: this.options.replace.filter((address) => state?.holds(address)) };
  }

  /** Reads the state of a stack that was initialized. */
  async readState(stack: string, env: NodeJS.ProcessEnv): Promise<void> {
    const state = await readState({ stack, env, interruption: this.interruption });
    this.states = new Map([...this.states, [stack, state]]);
  }

  stateOf(name: string): StackState {
    const state = this.states.get(name);
    if (!state) throw new UserError(`The environment has no stack ${name}.`);
    return state;
  }

  /** The certificate is fetched once, and once more after what may bring another one. */
  async vaultAccess(): Promise<VaultAccess> {
    this.vault ??= await this.progress.step("Vault: certificate from Key Vault", () =>
      VaultAccess.open(this.az, this.environment, this.stateOf("vault-server")),
    );
    return this.vault;
  }

  /** Does work as a deployer who is logged in to Vault. */
  async asDeployer<T>(work: (client: VaultClient) => Promise<T>): Promise<T> {
    return (await this.vaultAccess()).asDeployer(work);
  }

  /** The next use of Vault fetches its certificate again. */
  forgetVault(): void {
    this.vault?.close();
    this.vault = undefined;
  }
}
