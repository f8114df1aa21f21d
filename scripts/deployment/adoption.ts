import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";
import type { Plan } from "../plan-summary/plan-json";
import type { AzureCli } from "./azure-cli";
import { type TerraformRun, terraform } from "./terraform";
import { auditDeviceInUse, existingResource, mountInUse, unfolded } from "./terraform-failure";

/** A resource that already exists although the stack must create it, from Terraform's message. */
export interface Stranger {
  /** Terraform's address. */
  readonly address: string;
  /** The id for `terraform import`. Undefined if Azure's message does not contain it. */
  readonly id: string | undefined;
}

/** Messages of Azure and Vault, as the providers repeat them. The first group is the id. */
const alreadyThere = [
  existingResource,
  mountInUse,
  auditDeviceInUse,
  /RoleAssignmentExists()/,
  /RoleDefinitionWithSameNameExists()/,
];

/** Returns the existing resources that made Terraform fail. Undefined if there was any other error. */
export function strangersIn(output: string): Stranger[] | undefined {
  const [, ...errors] = unfolded(output).split(/ ?Error: /);
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

/**
 * Imports existing resources into a stack's state, as if the run that created them had not been killed.
 * @param plan the stack's plan, with the expected values of these resources
 * @throws {UserError} if a resource cannot be found or imported
 */
export async function adopt(
  strangers: readonly Stranger[],
  { run, plan, az }: { run: TerraformRun; plan: Plan; az: AzureCli },
): Promise<void> {
  for (const { address, id = await find(address, plan, az) } of strangers) {
    await terraform(run, ["import", "-input=false", "-no-color", address, id]);
  }
}

/** Finds a role or an assignment. Azure's refusal does not contain its id. */
async function find(address: string, plan: Plan, az: AzureCli): Promise<string> {
  const change = plan.resource_changes?.find((one) => one.address === address);
  const planned = values.parse(change?.change.after ?? {});
  const { name, scope, principal_id: principal } = planned;
  const role = planned.role_definition_name ?? name;
  const definition =
    planned.role_definition_id ?? (role && scope ? await definitionNamed(az, role, scope) : undefined);
  if (scope && definition && principal) {
    const assignments = await list(az, scope, "roleAssignments", "atScope()");
    const same = assignments.find(
      ({ properties }) =>
        properties.principalId === principal &&
        properties.scope?.toLowerCase() === scope.toLowerCase() &&
        guidOf(properties.roleDefinitionId) === guidOf(definition),
    );
    if (same) return same.id;
  } else if (scope && definition) return `${definition}|${scope}`;
  throw new UserError(
    `A killed run created the resource of ${address}, but Azure does not report its id. Find it in the portal and delete it.`,
  );
}

async function definitionNamed(az: AzureCli, name: string, scope: string): Promise<string | undefined> {
  const [first] = await list(az, scope, "roleDefinitions", `roleName eq '${name}'`);
  return first?.id;
}

async function list(az: AzureCli, scope: string, collection: string, filter: string) {
  const query = `api-version=2022-04-01&$filter=${encodeURIComponent(filter)}`;
  const url = `${scope}/providers/Microsoft.Authorization/${collection}?${query}`;
  return (await az.json(found, "rest", "--method", "get", "--url", url)).value;
}

const guidOf = (id: string | undefined): string | undefined => id?.split("/").at(-1)?.toLowerCase();
