import { z } from "zod";
import { resourcesOf, type SynthesizedStack } from "../../../lib/synthesized/synthesized-folder";
import { otherNameCommand } from "../stack-command";
import type { StackState } from "../stack-state";
import type { Check, CheckContext } from "./check";

interface GlobalType {
  readonly what: string;
  readonly provider: string;
  readonly type: string;
  readonly apiVersion: string;
}

/** Types whose names are unique in all of Azure. Source: Azure's REST API, Check Name Availability of each provider. */
export const globalTypes: Readonly<Record<string, GlobalType>> = {
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

/** A name in the state for a resource of a stack. */
interface ChosenName {
  readonly type: string;
  readonly name: string;
  /** True if the state also contains the resource itself. */
  readonly isMade: boolean;
}

/**
 * Global names contain six random characters, which the first run chooses. If that run stopped before it created the resource, someone
 * else may have taken the name. A deleted Key Vault keeps its name.
 */
export const checkGlobalNames: Check = async (context) => {
  const found = await Promise.all(context.stacks.map((stack) => stackProblems(context, stack)));
  return found.flat();
};

async function stackProblems(context: CheckContext, stack: SynthesizedStack): Promise<string[]> {
  const names = chosenNames(stack, context.states.get(stack.name));
  const deleted = names.some(({ type }) => type === "azurerm_key_vault")
    ? await context.az.json(deletedVaults, "keyvault", "list-deleted", "--resource-type", "vault")
    : [];
  const another = `choose another: \`${otherNameCommand(context.environment.name, stack.name)}\``;
  const problems = await Promise.all(
    names.map(async ({ type, name, isMade }) => {
      const gone = deleted.find((one) => type === "azurerm_key_vault" && one.name === name)?.properties;
      if (gone) {
        const until = gone.scheduledPurgeDate ? ` until ${gone.scheduledPurgeDate}` : "";
        const recover = `\`az keyvault recover --name ${name} --location ${gone.location}\``;
        const way = isMade ? recover : `${recover} and import it (docs/deploy.md), or ${another}`;
        return `The Key Vault ${name} was deleted, and keeps its name${until}. Restore it with ${way}.`;
      }
      const mayBeOurs = isMade || context.unfinished.isLeftOf(stack.name);
      if (mayBeOurs || (await isFree(context, type, name))) return undefined;
      return `The ${globalTypes[type]?.what} name ${name} is taken, and not by the state of ${context.environment.name}. To replace it, ${another}.`;
    }),
  );
  return problems.filter((problem) => problem !== undefined);
}

function chosenNames(stack: SynthesizedStack, state: StackState | undefined): ChosenName[] {
  const suffix = state?.existing("random_string")[0]?.["result"];
  if (typeof suffix !== "string") return [];
  return Object.keys(globalTypes).flatMap((type) => {
    const made = new Set(state?.existing(type).map(({ name }) => name));
    return resourcesOf(stack, type)
      .map((resource) => String(resource["name"]).replaceAll(/\$\{random_string\.[^}]*\}/g, suffix))
      .map((name) => ({ type, name, isMade: made.has(name) }));
  });
}

async function isFree({ az, login }: CheckContext, resourceType: string, name: string): Promise<boolean> {
  const { provider, type, apiVersion } = globalTypes[resourceType] as GlobalType;
  const url = `/subscriptions/${login.subscriptionId}/providers/${provider}/checkNameAvailability?api-version=${apiVersion}`;
  const body = JSON.stringify({ name, type: `${provider}/${type}` });
  const answer = z.object({ nameAvailable: z.boolean() });
  const { nameAvailable } = await az.json(
    answer,
    ...["rest", "--method", "post", "--url", url, "--body", body],
  );
  return nameAvailable;
}
