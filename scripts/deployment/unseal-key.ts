import { namesInKeyId } from "../../environments/rules/vault-unseal-key";
import type { Environment } from "../../environments/schema";
import type { AzureCli } from "./azure-cli";
import { type DeployedMachine, MachineReports } from "./machine-reports";
import type { StackState } from "./stack-state";

/**
 * Returns the URL, without a version, of the key with which an environment wants its Vault to seal itself. Undefined before the first
 * deployment of the stack vault-server.
 */
export function unsealKeyUrl({ vault }: Environment, vaultServer: StackState): string | undefined {
  if (vault.unsealKey !== undefined) {
    const { keyVaultName, keyName } = namesInKeyId(vault.unsealKey);
    return keyUrl(vaultServer, keyVaultName, keyName);
  }
  return ownKeyUrl(vaultServer);
}

function ownKeyUrl(vaultServer: StackState): string | undefined {
  const [key] = vaultServer.existing("azurerm_key_vault_key", "unseal");
  return key && String(key["versionless_id"]);
}

/** Returns the URL of a key in the cloud of the deployed stack. Undefined before the first deployment. */
export function keyUrl(vaultServer: StackState, keyVault: string, key: string): string | undefined {
  const own = ownKeyUrl(vaultServer);
  if (!own) return undefined;
  const [, ...domain] = new URL(own).hostname.split(".");
  return `https://${[keyVault.toLowerCase(), ...domain].join(".")}/keys/${key}`;
}

/** Returns the key versions that the newest snapshot needs, as the VMs report on their consoles. Undefined if no console reports a snapshot. */
export async function versionsInNewestSnapshot(
  az: AzureCli,
  machines: readonly DeployedMachine[],
): Promise<string[] | undefined> {
  const reports = new MachineReports(az);
  return neededVersions(await Promise.all(machines.map(({ id }) => reports.console(id))));
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
