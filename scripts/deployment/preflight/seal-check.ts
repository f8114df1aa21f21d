import { z } from "zod";
import { UserError } from "../../../lib/processes/user-error";
import type { AzureCli } from "../azure-cli";
import { deployedFiles } from "../deployed-files";
import { deployedMachines } from "../machine-reports";
import type { StackState } from "../stack-state";
import { keyUrl, unsealKeyUrl, versionsInNewestSnapshot } from "../unseal-key";
import type { Check } from "./check";

const keyShown = z.object({ attributes: z.object({ enabled: z.boolean() }) });

/** Refuses another unseal key, unless the newest snapshot shows that Vault's data are under that key already: a restart would leave Vault sealed. */
export const checkSeal: Check = async ({ az, environment, stacks, states }) => {
  const state = states.get("vault-server");
  if (!state || !stacks.some(({ name }) => name === "vault-server")) return [];
  const now = sealsWith(state);
  const wanted = unsealKeyUrl(environment, state);
  if (!now || !wanted || now === wanted) return [];
  const versions = await versionsInNewestSnapshot(az, deployedMachines(undefined, state));
  const missing = versions && (await missingIn(az, wanted, versions));
  if (missing?.length === 0) return [];
  const seen = missing
    ? `the newest snapshot needs version ${missing.join(" and ")}, which ${wanted} does not have enabled`
    : "no node's serial console tells of a snapshot";
  return [
    `vault.unsealKey: Vault seals itself with ${now}, and the environment file asks for ${wanted}. Vault would stay sealed after a restart, as far as can be seen: ${seen}. Undo the edit, or migrate the seal first (docs/operations.md, "Another key, or another Key Vault").`,
  ];
};

/** Returns the URL of the key in the VMs' user data. Undefined if there is none. */
function sealsWith(state: StackState): string | undefined {
  const [text = ""] = deployedFiles(state, "/etc/vault.d/vault.env");
  const [keyVault, key] = ["VAULT_NAME", "KEY_NAME"].map(
    (name) => new RegExp(`^VAULT_AZUREKEYVAULT_${name}=([\\w-]+)$`, "m").exec(text)?.[1],
  );
  return keyVault && key && keyUrl(state, keyVault, key);
}

/** Returns the versions that a key does not have, or that are disabled. */
async function missingIn(az: AzureCli, key: string, versions: readonly string[]): Promise<string[]> {
  const missing: string[] = [];
  for (const version of versions) {
    const shown = await az
      .json(keyShown, "keyvault", "key", "show", "--id", `${key}/${version}`)
      .catch((error) => {
        if (error instanceof UserError) return undefined;
        throw error;
      });
    if (!shown?.attributes.enabled) missing.push(version);
  }
  return missing;
}
