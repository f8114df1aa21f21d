import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";
import { terraformName } from "../../lib/terraform/terraform-program";
import type { Plan } from "../plan-summary/plan";
import type { AzureCli } from "./azure-cli";
import { runToItsEnd, type TerraformRun } from "./cdktf";

/** What is there already though the stack is to make it, by what Terraform said of it. */
export interface Stranger {
  /** Terraform's address. */
  readonly address: string;
  /** What `terraform import` takes; undefined where Azure did not say. */
  readonly id: string | undefined;
}

/** Azure and Vault, as the providers repeat them: the first group is the id. */
const alreadyThere = [
  /A resource with the ID "([^"]+)" already exists/,
  /path is already in use at ([^\s,]+?)\/?(?=[\s,]|$)/,
  /RoleAssignmentExists()/,
  /RoleDefinitionWithSameNameExists()/,
];

/** What a failed run of Terraform met; undefined when something else went wrong besides. */
export function strangersIn(output: string): Stranger[] | undefined {
  const [, ...errors] = output.replaceAll(/[\s│╷╵]+/g, " ").split(/ ?Error: /);
  const found = errors.map((error): Stranger | undefined => {
    const [, address] = / with ((?:azurerm|vault)_\w+\.[^\s,]+)/.exec(error) ?? [];
    const match = alreadyThere.map((pattern) => pattern.exec(error)).find(Boolean);
    return match && address ? { address, id: match[1] || undefined } : undefined;
  });
  const known = found.filter((one) => one !== undefined);
  return known.length > 0 && known.length === found.length ? known : undefined;
}

const values = z.looseObject({
  name: z.string().nullish(),
  scope: z.string().nullish(),
  principal_id: z.string().nullish(),
  role_definition_name: z.string().nullish(),
  role_definition_id: z.string().nullish(),
});

const found = z.object({
  value: z.array(
    z.object({
      id: z.string(),
      properties: z.looseObject({
        principalId: z.string().optional(),
        scope: z.string().optional(),
        roleDefinitionId: z.string().optional(),
      }),
    }),
  ),
});

/** Puts what is there into a stack's state, as if the run that made it had not been killed. */
export class Adoption {
  constructor(
    private readonly az: AzureCli,
    private readonly run: TerraformRun,
    /** The stack's, with what the strangers are to be. */
    private readonly plan: () => Promise<Plan>,
  ) {}

  /** @throws {UserError} when one of them cannot be found or taken in */
  async adopt(strangers: readonly Stranger[]): Promise<void> {
    const plan = strangers.every(({ id }) => id) ? undefined : await this.plan();
    for (const { address, id } of strangers) {
      await this.import(address, id ?? (await this.find(address, plan)));
    }
  }

  private async import(address: string, id: string): Promise<void> {
    const { stack } = this.run;
    const { code, output } = await runToItsEnd(
      terraformName(),
      [`-chdir=cdktf.out/stacks/${stack}`, "import", "-input=false", "-no-color", address, id],
      this.run,
    );
    if (code === 0) return;
    throw new UserError(
      `${id} was left by a run that was killed, and cannot be put into the state of ${stack} as ${address} (${output.replaceAll(/[\s│╷╵]+/g, " ").slice(-300)}); import it by hand, or delete it if nothing needs it (docs/deploy.md).`,
    );
  }

  /** Roles and their assignments, which Azure refuses without their ids. */
  private async find(address: string, plan: Plan | undefined): Promise<string> {
    const change = plan?.resource_changes?.find((one) => one.address === address);
    const planned = values.parse(change?.change.after ?? {});
    const { name, scope, principal_id: principal } = planned;
    const role = planned.role_definition_name ?? name;
    const definition =
      planned.role_definition_id ?? (role && scope ? await this.definitionNamed(role, scope) : undefined);
    if (scope && definition && principal) {
      const assignments = await this.list(scope, "roleAssignments", "atScope()");
      const same = assignments.find(
        ({ properties }) =>
          properties.principalId === principal &&
          properties.scope?.toLowerCase() === scope.toLowerCase() &&
          guidOf(properties.roleDefinitionId) === guidOf(definition),
      );
      if (same) return same.id;
    } else if (scope && definition) return `${definition}|${scope}`;
    throw new UserError(
      `A run that was killed left what ${address} is to be, and Azure does not say where; look for it in the portal, and delete it.`,
    );
  }

  private async definitionNamed(name: string, scope: string): Promise<string | undefined> {
    const [first] = await this.list(scope, "roleDefinitions", `roleName eq '${name}'`);
    return first?.id;
  }

  private async list(scope: string, collection: string, filter: string) {
    const query = `api-version=2022-04-01&$filter=${encodeURIComponent(filter)}`;
    const url = `https://management.azure.com${scope}/providers/Microsoft.Authorization/${collection}?${query}`;
    return (await this.az.json(found, "rest", "--method", "get", "--url", url)).value;
  }
}

const guidOf = (id: string | undefined): string | undefined => id?.split("/").at(-1)?.toLowerCase();
