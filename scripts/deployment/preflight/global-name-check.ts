import { z } from "zod";
import { otherNameCommand } from "../stack-command";
import type { StackState } from "../stack-state";
import { resourcesOf, type Stack } from "../system";
import type { Check, CheckContext } from "./check";

interface GlobalType {
  readonly what: string;
  readonly provider: string;
  readonly type: string;
  readonly apiVersion: string;
}

/** Types whose names are shared by all of Azure. Source: Azure's REST API, Check Name Availability of each provider. */
const globalTypes: Readonly<Record<string, GlobalType>> = {
  azurerm_key_vault: {
    what: "Key Vault",
    provider: "Microsoft.KeyVault",
    type: "vaults",
    apiVersion: "2023-07-01",
  },
  azurerm_mysql_flexible_server: {
    what: "MySQL server",
    provider: "Microsoft.DBforMySQL",
    type: "flexibleServers",
    apiVersion: "2023-12-30",
  },
  azurerm_linux_web_app: {
    what: "web app",
    provider: "Microsoft.Web",
    type: "sites",
    apiVersion: "2023-12-01",
  },
};

const deletedVaults = z.array(
  z.object({
    name: z.string(),
    properties: z.object({ location: z.string(), scheduledPurgeDate: z.string().nullish() }),
  }),
);

/**
 * Global names carry six random characters, known once a run has chosen them. Where it did not get as far as making what
 * they are for, or that was deleted by hand, somebody else may have the name by now.
 */
export const checkGlobalNames: Check = async (context) => {
  const found = await Promise.all(
    context.stacks.flatMap((stack) =>
      Object.keys(globalTypes).flatMap((type) =>
        missingNames(stack, context.states.get(stack.name), type).map((name) =>
          nameProblem(context, stack, type, name),
        ),
      ),
    ),
  );
  return found.filter((problem) => problem !== undefined);
};

/** Names that the state has chosen for resources of a type, which are not in it themselves. */
function missingNames(stack: Stack, state: StackState | undefined, type: string): string[] {
  const suffix = state?.existing("random_string")[0]?.["result"];
  if (typeof suffix !== "string") return [];
  const made = new Set(state?.existing(type).map(({ name }) => name));
  return resourcesOf(stack, type)
    .map(({ name }) => String(name).replaceAll(/\$\{random_string\.[^}]*\}/g, suffix))
    .filter((name) => !made.has(name));
}

async function nameProblem(
  context: CheckContext,
  stack: Stack,
  type: string,
  name: string,
): Promise<string | undefined> {
  const { what, ...asked } = globalTypes[type] as GlobalType;
  const another = `have another chosen: \`${otherNameCommand(context.environment.name, stack.name)}\``;
  if (type === "azurerm_key_vault") {
    const deleted = await context.az.json(
      deletedVaults,
      ...["keyvault", "list-deleted", "--resource-type", "vault"],
    );
    const gone = deleted.find((one) => one.name === name)?.properties;
    if (gone) {
      const until = gone.scheduledPurgeDate ? ` until ${gone.scheduledPurgeDate}` : "";
      return `The Key Vault ${name} was deleted, and keeps its name${until}; bring it back with \`az keyvault recover --name ${name} --location ${gone.location}\` and import it (docs/deploy.md), or ${another}.`;
    }
  }
  if (await isFree(context, asked, name)) return undefined;
  return `The ${what} name ${name} is taken, not by the state of ${context.environment.name}; ${another}.`;
}

async function isFree(
  { az, login }: CheckContext,
  { provider, type, apiVersion }: Omit<GlobalType, "what">,
  name: string,
): Promise<boolean> {
  const url = `/subscriptions/${login.subscriptionId}/providers/${provider}/checkNameAvailability?api-version=${apiVersion}`;
  const body = JSON.stringify({ name, type: `${provider}/${type}` });
  const answer = z.object({ nameAvailable: z.boolean() });
  const { nameAvailable } = await az.json(
    answer,
    ...["rest", "--method", "post", "--url", url, "--body", body],
  );
  return nameAvailable;
}
