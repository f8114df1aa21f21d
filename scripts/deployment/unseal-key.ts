import { cloudOf } from "../../environments/azure-clouds";
import { namesInKeyId } from "../../environments/rules/vault-unseal-key";
import type { Environment } from "../../environments/schema";
import type { StackState } from "./stack-state";

/**
 * Returns the URL, without a version, of the key with which an environment wants its Vault to seal itself. Undefined before the first
 * deployment of the stack vault-server.
 */
export function unsealKeyUrl(environment: Environment, vaultServer: StackState): string | undefined {
  const { vault } = environment;
  if (vault.unsealKey !== undefined) {
    const { keyVaultName, keyName } = namesInKeyId(vault.unsealKey);
    return `https://${keyVaultName.toLowerCase()}.${cloudOf(environment).keyVaultDomain}/keys/${keyName}`;
  }
  const [key] = vaultServer.existing("azurerm_key_vault_key", "unseal");
  return key && String(key["versionless_id"]);
}

/** Returns the key versions that the newest snapshot needs, from the nodes' consoles. Undefined if no console reports a snapshot. */
export function neededVersions(consoles: readonly string[]): string[] | undefined {
  const reports = consoles.flatMap((console) => [
    ...console.matchAll(
      /vault-snapshot (\d{8}T\d{6}Z)[\w.-]*: stored, [^\r\n]*key version ([0-9a-f]{32}(?: [0-9a-f]{32})*)/g,
    ),
  ]);
  const newest = reports.sort(([, a = ""], [, b = ""]) => b.localeCompare(a))[0];
  return newest?.[2]?.split(" ");
}
