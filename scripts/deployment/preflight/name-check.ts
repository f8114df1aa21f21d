import { z } from "zod";
import type { StackState } from "../stack-state";
import { resourcesOf, type Stack } from "../system";
import { type Check, type CheckContext, newStacks } from "./check";

const deletedVaults = z.array(
  z.object({
    name: z.string(),
    properties: z.object({ location: z.string(), scheduledPurgeDate: z.string().nullish() }),
  }),
);

/**
 * Names that are known before the deployment: resource groups and custom roles of new stacks. The other global names
 * carry six random characters, known once a first run has chosen them.
 */
export const checkNames: Check = async (context) => {
  const found = await Promise.all([
    ...newStacks(context).flatMap((stack) => [
      ...resourcesOf(stack, "azurerm_resource_group").map((group) =>
        groupProblem(context, text(group["name"])),
      ),
      ...resourcesOf(stack, "azurerm_role_definition").map((role) =>
        roleProblem(context, text(role["name"])),
      ),
    ]),
    ...context.stacks.map((stack) => keyVaultProblems(context, stack)),
  ]);
  return found.flat();
};

async function groupProblem({ az, environment }: CheckContext, name: string): Promise<string[]> {
  if (!(await az.json(z.boolean(), "group", "exists", "--name", name))) return [];
  return [
    `The resource group ${name} exists already, but not in the state of ${environment.name}; find the state that made it, delete the group if nothing in it is needed, or give the environment another name.`,
  ];
}

/** A custom role's name is unique in the tenant. */
async function roleProblem({ az }: CheckContext, name: string): Promise<string[]> {
  const roles = await az.json(
    z.array(z.object({ id: z.string() })),
    "role",
    "definition",
    "list",
    "--name",
    name,
    "--custom-role-only",
    "true",
  );
  return roles.map(
    ({ id }) =>
      `The custom role ${name} exists already in the tenant (${id}), but not in the state; delete it if nobody holds it (\`az role definition delete\`), or give the environment another name.`,
  );
}

/** Key Vaults whose names were chosen by a run that did not get as far as making them, or that were deleted by hand. */
async function keyVaultProblems(
  { az, environment, login, states }: CheckContext,
  stack: Stack,
): Promise<string[]> {
  const state = states.get(stack.name);
  const names = chosenNames(stack, state);
  if (names.length === 0) return [];
  const deleted = await az.json(deletedVaults, "keyvault", "list-deleted", "--resource-type", "vault");
  const problems = await Promise.all(
    names.map(async (name) => {
      const gone = deleted.find((one) => one.name === name);
      if (gone) {
        const { location, scheduledPurgeDate } = gone.properties;
        return `The Key Vault ${name} was deleted, and keeps its name${scheduledPurgeDate ? ` until ${scheduledPurgeDate}` : ""}; bring it back with \`az keyvault recover --name ${name} --location ${location}\`, or have another name chosen: \`terraform -chdir=cdktf.out/stacks/${stack.name} state rm random_string.name_suffix_*\` (its full name: \`state list\`).`;
      }
      const made = (state?.existing("azurerm_key_vault") ?? []).some((one) => one["name"] === name);
      if (made) return undefined;
      const answer = await az.json(
        z.object({ nameAvailable: z.boolean() }),
        ...["rest", "--method", "post"],
        ...[
          "--url",
          `/subscriptions/${login.subscriptionId}/providers/Microsoft.KeyVault/checkNameAvailability?api-version=2023-07-01`,
        ],
        ...["--body", JSON.stringify({ name, type: "Microsoft.KeyVault/vaults" })],
      );
      return answer.nameAvailable
        ? undefined
        : `The Key Vault name ${name} is taken, not by the state of ${environment.name}; have another chosen: \`terraform -chdir=cdktf.out/stacks/${stack.name} state rm random_string.name_suffix_*\` (its full name: \`state list\`).`;
    }),
  );
  return problems.filter((problem) => problem !== undefined);
}

/** The names of the stack's Key Vaults, once the random characters in them are in the state. */
function chosenNames(stack: Stack, state: StackState | undefined): string[] {
  const suffix = state?.existing("random_string")[0]?.["result"];
  if (typeof suffix !== "string") return [];
  return resourcesOf(stack, "azurerm_key_vault").map(({ name }) =>
    text(name).replaceAll(/\$\{random_string\.[^}]*\}/g, suffix),
  );
}

function text(value: unknown): string {
  return String(value);
}
