import { readFileSync } from "node:fs";
import type { MachineTokenOverrides } from "../../../sandbox/azure/azure";
import type { Sandbox } from "../../../sandbox/system/sandbox";

/** Returns a token of Vault's own identity, as IMDS issues it to Vault's VM, which also has a system-assigned identity. */
export function vaultIdentityToken(
  { azure, vault }: Sandbox,
  audience: string,
  overrides: Omit<MachineTokenOverrides, "identity"> = {},
): string {
  const settings = readFileSync(vault.path("/etc/vault.d/vault.env"), "utf8");
  const [, clientId] = /^AZURE_CLIENT_ID=(.+)$/m.exec(settings) ?? [];
  if (clientId === undefined) throw new Error("Vault's VM has no AZURE_CLIENT_ID.");
  return azure.tokenForMachine(vault.name, audience, { ...overrides, identity: { clientId } });
}
