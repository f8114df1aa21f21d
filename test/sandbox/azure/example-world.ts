import type { AzureWorld } from "../../../sandbox/azure/model/world";

/** Returns a made-up id with a readable number. */
const guid = (last: number): string => `00000000-0000-4000-8000-${String(last).padStart(12, "0")}`;

export const tenantId = guid(1);
export const subscriptionId = guid(2);
export const resourceGroup = `/subscriptions/${subscriptionId}/resourceGroups/rg-vault`;
const machine = (name: string) => `${resourceGroup}/providers/Microsoft.Compute/virtualMachines/${name}`;
const identity = (name: string) =>
  `${resourceGroup}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
export const keyVaultId = (name: string) => `${resourceGroup}/providers/Microsoft.KeyVault/vaults/${name}`;

/** Principal ids. */
export const vault = guid(11);
export const agent = guid(12);
export const webApp = guid(13);
export const recoveryReader = guid(14);
export const deployer = guid(15);
const other = guid(16);
const both = guid(17);

export const clientIdOf = (principalId: string): string => principalId.replace("8000", "9000");
const ids = (principalId: string) => ({ principalId, clientId: clientIdOf(principalId) });

/** On loopback, like a sandbox's subnets. */
export const agentAddress = "127.77.4.4";

const virtualMachine = (name: string, number: number) => ({
  name,
  resourceId: machine(name),
  resourceGroup: "rg-vault",
  location: "westeurope",
  vmId: guid(number),
  userAssigned: [] as string[],
});

export const world: AzureWorld = {
  tenantId,
  subscriptionId,
  identities: [
    { name: "id-vault", resourceId: identity("id-vault"), ...ids(vault) },
    { name: "id-other", resourceId: identity("id-other"), ...ids(other) },
  ],
  virtualMachines: [
    { ...virtualMachine("vm-vault", 31), userAssigned: [identity("id-vault")], tags: { cluster: "vault" } },
    { ...virtualMachine("vm-agent", 32), systemAssigned: ids(agent), privateIpAddress: agentAddress },
    { ...virtualMachine("vm-both", 33), systemAssigned: ids(both), userAssigned: [identity("id-other")] },
    { ...virtualMachine("vm-two", 34), userAssigned: [identity("id-vault"), identity("id-other")] },
    virtualMachine("vm-none", 35),
  ],
  sites: [
    {
      name: "app-web",
      resourceId: `${resourceGroup}/providers/Microsoft.Web/sites/app-web`,
      systemAssigned: ids(webApp),
    },
  ],
  keyVaults: [
    { name: "kv-vault", resourceId: keyVaultId("kv-vault") },
    { name: "kv-recovery", resourceId: keyVaultId("kv-recovery") },
  ],
  keys: [
    { keyVault: "kv-vault", name: "unseal", keySize: 2048, operations: ["wrapKey", "unwrapKey"] },
    { keyVault: "kv-vault", name: "unseal-2", keySize: 2048 },
  ],
  certificates: [
    {
      keyVault: "kv-vault",
      name: "tls",
      subject: "CN=vault.example.com",
      dnsNames: ["vault.example.com"],
      ipAddresses: ["127.0.0.1"],
      validityInMonths: 12,
    },
  ],
  roleDefinitions: [
    {
      name: "Recovery Key Writer",
      actions: [],
      dataActions: ["Microsoft.KeyVault/vaults/secrets/setSecret/action"],
    },
    {
      name: "Virtual Machine Reader",
      actions: [
        "Microsoft.Compute/virtualMachines/*/read",
        "Microsoft.Compute/virtualMachineScaleSets/*/read",
      ],
      dataActions: [],
    },
  ],
  roleAssignments: [
    {
      principalId: vault,
      roleName: "Key Vault Crypto Service Encryption User",
      scope: `${keyVaultId("kv-vault")}/keys/unseal`,
    },
    {
      principalId: vault,
      roleName: "Key Vault Secrets User",
      scope: `${keyVaultId("kv-vault")}/secrets/tls`,
    },
    { principalId: vault, roleName: "Recovery Key Writer", scope: keyVaultId("kv-recovery") },
    { principalId: vault, roleName: "Virtual Machine Reader", scope: `/subscriptions/${subscriptionId}` },
    { principalId: recoveryReader, roleName: "Key Vault Secrets User", scope: keyVaultId("kv-recovery") },
    { principalId: deployer, roleName: "Key Vault Certificates Officer", scope: resourceGroup },
    { principalId: deployer, roleName: "Key Vault Crypto Officer", scope: keyVaultId("kv-vault") },
    { principalId: deployer, roleName: "Contributor", scope: resourceGroup },
  ],
  people: [
    { name: "Recovery Reader", objectId: recoveryReader },
    { name: "Deployer", objectId: deployer },
  ],
};
