import { readFileSync } from "node:fs";
import type { MachineTokenOverrides } from "../../../sandbox/azure/azure";
import type { Sandbox } from "../../../sandbox/system/sandbox";

/** A token of Vault's own identity, as IMDS gives it to Vault's VM; the VM has a system-assigned identity besides. */
export function vaultIdentityToken(
  { azure, vault }: Sandbox,
  audience: string,
  overrides: Omit<MachineTokenOverrides, "identity"> = {},
): string {
  const settings = readFileSync(vault.path("/etc/vault.d/vault.env"), "utf8");
  const [, clientId] = /^AZURE_CLIENT_ID=(.+)$/m.exec(settings) ?? [];
  if (clientId === undefined) throw new Error("Vault's VM is told no AZURE_CLIENT_ID.");
  return azure.tokenForMachine(vault.name, audience, { ...overrides, identity: { clientId } });
}
