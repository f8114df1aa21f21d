import { providersAreLocked } from "../../../constructs/terraform/provider-locks";
import { loadEnvironment } from "../../../environments/load";
import type { Environment } from "../../../environments/schema";
import { UserError } from "../../../lib/processes/user-error";
import type { SynthesizedStack } from "../../../lib/synthesized/synthesized-folder";
import { mergedPlan } from "../../plan-summary/plan-json";
import { makePlanOnly } from "../../plan-summary/plan-only";
import { childEnvironment, withVaultLogin } from "../child-environment";
import { chosenStacks } from "../chosen-stacks";
import type { Interruption } from "../interruption";
import { oneAtATime } from "../one-at-a-time";
import { type MadePlan, type PlanScope, withPlan } from "../plan";
import { reviewablePlan } from "../reviewed-plan";
import { say } from "../run-script";
import { readState } from "../stack-state";
import { synthesizeSystem } from "../system";
import { initialize, TerraformError, type TerraformRun } from "../terraform";
import { unfolded } from "../terraform-failure";

export interface PlanRequest {
  /** The environment's name. */
  readonly environment: string;
  /** Names of the stacks; undefined for every stack. */
  readonly stacks?: readonly string[];
  /** True to compare with Azure. Otherwise a plan compares with the state, which needs fewer rights. */
  readonly refresh: boolean;
  /** True if a later job applies these plans. */
  readonly review: boolean;
}

export interface PlanResult {
  /** True if a stack could not be planned. */
  readonly failed: boolean;
  /** True if a stack changes. */
  readonly differs: boolean;
  /** The plans' digests by stack. */
  readonly digests: Readonly<Record<string, string>>;
}

/**
 * Plans stacks with read-only rights: it takes no lock and reads no secret. For a stack with secrets, it merges two partial plans.
 * @param tell takes the changes as Markdown for a reviewer
 */
export async function planStacks(
  request: PlanRequest,
  interruption: Interruption,
  tell: (text: string) => void,
): Promise<PlanResult> {
  const environment = loadEnvironment(request.environment);
  return oneAtATime(async () => {
    const system = synthesizeSystem(environment);
    const { stacks: names } = request;
    const stacks = names?.length === 0 ? [] : chosenStacks(system, names);
    for (const { file } of system) makePlanOnly(file);
    const plans = new ReaderPlans(environment, request, interruption, tell);
    return plans.of(stacks);
  });
}

class ReaderPlans {
  /** The stacks that change, and the stacks that wait for them. */
  private readonly changing: string[] = [];
  private readonly digests: Record<string, string> = {};
  private failed = false;
  private differs = false;

  constructor(
    private readonly environment: Environment,
    private readonly request: PlanRequest,
    private readonly interruption: Interruption,
    private readonly tell: (text: string) => void,
  ) {}

  async of(stacks: readonly SynthesizedStack[]): Promise<PlanResult> {
    this.tell(`## What would change in ${this.environment.name}\n`);
    if (!providersAreLocked())
      this.tell(
        "Terraform's providers are not pinned, because no lock file is committed. Run `scripts/lock-providers` and commit the files it writes.\n",
      );
    if (stacks.length === 0) this.tell("Nothing, because no stack's Terraform differs.");
    for (const stack of stacks) await this.plan(stack);
    const { failed, differs, digests } = this;
    return { failed, differs, digests };
  }

  private async plan(stack: SynthesizedStack): Promise<void> {
    const { name } = stack;
    const login = vaultLogin(name);
    if (login === "missing") {
      this.tell(
        `### ${name}: not planned here\n\nThis plan logs in to Vault as a deployer, and this job only reads. See the changes in \`test/stacks/__snapshots__\`, or as a deployer run \`eval "$(scripts/vault-env ${this.environment.name})"\` and this script.\n`,
      );
      return;
    }
    say(`Planning ${name} ...`);
    const reader = childEnvironment(this.environment, undefined);
    const env = login ? withVaultLogin(reader, login, login.jwt) : reader;
    const secrets = login ? [login.jwt] : [];
    const run = { stack: name, env, interruption: this.interruption, report: () => {}, secrets };
    try {
      await initialize(run);
      const { plan, changes } = await this.madePlan(stack, run);
      const { summary, digest } = reviewablePlan(name, plan);
      this.tell(summary);
      this.digests[name] = digest;
      if (changes) {
        this.differs = true;
        this.changing.push(name);
      }
    } catch (error) {
      this.interruption.check();
      if (!(error instanceof UserError)) throw error;
      this.couldNot(name, reasonOf(error));
    }
  }

  /**
   * A refresh reads every resource, and a refresh of a secret needs the right to read its value. So this compares resources that hold
   * secrets with the state only.
   */
  private async madePlan({ json }: SynthesizedStack, run: TerraformRun): Promise<Omit<MadePlan, "file">> {
    const part = (scope: PlanScope) =>
      withPlan(run, async ({ plan, changes }) => ({ plan, changes }), { ...scope, lock: false });
    if (!this.request.refresh) return part({ refresh: false });
    const synthesized = Object.entries(json.resource).flatMap(([type, all]) =>
      Object.keys(all).map((name) => `${type}.${name}`),
    );
    // Resources that are only in the state belong to the plan, too, because Terraform deletes them.
    const addresses = [...new Set([...synthesized, ...(await readState(run)).addresses])].sort();
    const secrets = addresses.filter((address) => address.startsWith("azurerm_key_vault_secret."));
    if (secrets.length === 0) return part({});
    const others = addresses.filter((address) => !secrets.includes(address));
    const parts = [
      ...(others.length > 0 ? [await part({ targets: others })] : []),
      await part({ targets: secrets, refresh: false }),
    ];
    return {
      plan: mergedPlan(parts.map(({ plan }) => plan)),
      changes: parts.some(({ changes }) => changes),
    };
  }

  /** If an earlier stack changes too, this stack's plan may fail only because that stack's outputs are missing. */
  private couldNot(stack: string, reason: string): void {
    const { refresh, review } = this.request;
    if (this.changing.length > 0 && (review || !refresh)) {
      this.tell(
        `### ${stack}: cannot be planned before ${this.changing.join(" ")} is applied\n\n${reason}\n`,
      );
      this.changing.push(stack);
      return;
    }
    this.tell(`### ${stack}: **could not be planned**\n\n${reason}\n`);
    this.failed = true;
  }
}

/** The deployer's login to Vault that a stack's plan needs, as scripts/vault-env exports it. */
function vaultLogin(stack: string): { certificateFile: string; jwt: string } | "missing" | undefined {
  if (stack !== "vault-config") return undefined;
  const { TERRAFORM_VAULT_AUTH_JWT: jwt, VAULT_CACERT: certificateFile } = process.env;
  return jwt && certificateFile ? { certificateFile, jwt } : "missing";
}

/** Returns Terraform's first error in one line. */
function reasonOf(error: UserError): string {
  if (!(error instanceof TerraformError)) return error.message;
  const [reason = error.message] = /Error:.*/.exec(unfolded(error.output)) ?? [];
  return `Terraform says: ${reason.slice(0, 300).trim()}`;
}
