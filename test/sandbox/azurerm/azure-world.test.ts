import type { Environment } from "../../../environments/schema";
import { type AzureWorld, checkWorld } from "../../../sandbox/azure/model/world";
import { worldOf } from "../../../sandbox/azurerm/azure-world";
import { demo, deploymentOf, deploymentWith, production } from "../../lib/synthesized/deployments";
import { changed } from "../../synthesis";

const world = (environment: Environment): AzureWorld => worldOf(deploymentOf(environment), environment);

/** Returns each right with names instead of ids, and places below the subscription. */
function rights(of: AzureWorld): string[] {
  const names = new Map([
    ...of.identities.map(({ principalId, name }) => [principalId, name] as const),
    ...[...of.virtualMachines, ...of.sites].map(
      ({ systemAssigned, name }) => [systemAssigned?.principalId, withoutSuffix(name)] as const,
    ),
    ...of.people.map(({ objectId, name }) => [objectId, name] as const),
  ]);
  return of.roleAssignments
    .map(({ principalId, roleName, scope }) => {
      const place = scope
        .replace(/^\/subscriptions\/[^/]+\/resourceGroups\//, "")
        .replace(/\/providers\/[^/]+\//, "/");
      return `${names.get(principalId)}: ${roleName} at ${withoutSuffix(place)}`;
    })
    .sort();
}

const withoutSuffix = (name: string): string =>
  name
    .replace(/((?:kv|app)-[a-z-]+)-[a-z0-9]{6}(?=\/|$)/, "$1-*")
    .replace(/(storageAccounts\/st[a-z]+?)[a-z0-9]{6}\//, "$1*/");

describe("The world of the demo", () => {
  const demoWorld = world(demo);

  it("grants exactly these rights", () => {
    expect(rights(demoWorld)).toEqual([
      "The person who runs the deployment: Key Vault Certificates Officer at rg-demo-vault",
      "The person who runs the deployment: Key Vault Crypto Officer at rg-demo-vault",
      "The person who runs the deployment: Key Vault Secrets Officer at rg-demo-vault",
      "The person who runs the deployment: Storage Blob Data Contributor at rg-demo-vault",
      "app-demo-webapp-*: Key Vault Reader at rg-demo-vault/vaults/kv-demo-*/certificates/vault-tls",
      "app-demo-webapp-*: Monitoring Metrics Publisher at rg-demo-vault/components/appi-demo-vault",
      "id-demo-vault: Key Vault Crypto Service Encryption User at rg-demo-vault/vaults/kv-demo-*/keys/vault-unseal",
      "id-demo-vault: Key Vault Secrets User at rg-demo-vault/vaults/kv-demo-*/secrets/vault-tls",
      "id-demo-vault: Vault Recovery Key Writer (demo) at rg-demo-vault-recovery/vaults/kv-demo-rec-*/secrets/vault-recovery-keys",
      "id-demo-vault: Vault Snapshot Keeper (demo) at rg-demo-vault-snapshots/storageAccounts/stdemosnap*/blobServices/default/containers/snapshots",
      "vm-demo-agent-1: Key Vault Reader at rg-demo-vault/vaults/kv-demo-*/certificates/vault-tls",
      "vm-demo-agent-1: Storage Blob Data Reader at rg-demo-vault/storageAccounts/stdemo*/blobServices/default/containers/app",
      "vm-demo-vault-1: Virtual Machine Reader (demo) at rg-demo-vault",
    ]);
  });

  it("has the custom roles with their operations", () => {
    expect(demoWorld.roleDefinitions).toEqual([
      {
        name: "Vault Recovery Key Writer (demo)",
        actions: [],
        dataActions: [
          "Microsoft.KeyVault/vaults/secrets/setSecret/action",
          "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        ],
      },
      {
        name: "Vault Snapshot Keeper (demo)",
        actions: [],
        dataActions: [
          "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action",
          "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
        ],
      },
      {
        name: "Virtual Machine Reader (demo)",
        actions: [
          "Microsoft.Compute/virtualMachines/*/read",
          "Microsoft.Compute/virtualMachineScaleSets/*/read",
        ],
        dataActions: [],
      },
    ]);
  });

  it("has Vault's VM with Vault's identity and its own, and the agent's VM only with its own", () => {
    const [vault, agent] = demoWorld.virtualMachines;
    expect(vault).toMatchObject({
      name: "vm-demo-vault-1",
      resourceGroup: "rg-demo-vault",
      location: "westeurope",
      userAssigned: [demoWorld.identities[0]?.resourceId],
      privateIpAddress: "10.20.1.4",
      tags: { environment: "demo", project: "vault-on-azure" },
    });
    expect(agent).toMatchObject({ name: "vm-demo-agent-1", userAssigned: [], privateIpAddress: "10.20.4.4" });
    expect(vault).toHaveProperty("systemAssigned.principalId");
    const { systemAssigned, vmId } = agent ?? {};
    expect(new Set([systemAssigned?.clientId, systemAssigned?.principalId, vmId]).size).toBe(3);
  });

  it("has the keys and the certificate in their Key Vault", () => {
    const keyVault = demoWorld.keyVaults[0]?.name ?? "";
    const suffix = keyVault.slice("kv-demo-".length);
    expect(demoWorld.keyVaults.map(({ name }) => withoutSuffix(name))).toEqual([
      "kv-demo-*",
      "kv-demo-rec-*",
    ]);
    expect(demoWorld.keys).toEqual([
      expect.objectContaining({ keyVault, name: "vm-admin-ssh", keySize: 4096 }),
      { keyVault, name: "vault-unseal", keySize: 3072, operations: ["wrapKey", "unwrapKey"] },
    ]);
    expect(demoWorld.certificates).toEqual([
      {
        keyVault,
        name: "vault-tls",
        subject: "CN=vault.demo.internal",
        dnsNames: ["vault.demo.internal", `vault-demo-${suffix}.westeurope.cloudapp.azure.com`],
        validityInMonths: 12,
        reuseKey: false,
        keySize: 3072,
      },
    ]);
  });

  it("gives the signed-in user the stacks' id", () => {
    const [person, ...others] = demoWorld.people;
    expect(others).toEqual([]);
    expect(person).toEqual({
      name: "The person who runs the deployment",
      objectId: deploymentOf(demo).stack("network").value("${data.azurerm_client_config.deployer.object_id}"),
    });
  });
});

describe("The world of production", () => {
  it("lets only the recovery key readers read the recovery keys", () => {
    const reading = rights(world(production)).filter((right) => right.includes("vault-recovery-keys"));
    expect(reading).toEqual([
      "Grace Example: Key Vault Secrets User at rg-production-vault-recovery/vaults/kv-production-rec-*/secrets/vault-recovery-keys",
      "Security officers: Key Vault Secrets User at rg-production-vault-recovery/vaults/kv-production-rec-*/secrets/vault-recovery-keys",
      "id-production-vault: Vault Recovery Key Writer (production) at rg-production-vault-recovery/vaults/kv-production-rec-*/secrets/vault-recovery-keys",
    ]);
  });

  it("has every machine, app and person", () => {
    const { virtualMachines, sites, people } = world(production);
    expect(virtualMachines.map(({ name, zone }) => [name, zone])).toEqual([
      ["vm-production-vault-1", "1"],
      ["vm-production-vault-2", "2"],
      ["vm-production-vault-3", "3"],
      ["vm-production-billing-1", undefined],
      ["vm-production-billing-2", undefined],
      ["vm-production-reports-1", undefined],
    ]);
    expect(sites.map(({ name }) => withoutSuffix(name))).toEqual([
      "app-production-archive-*",
      "app-production-webapp-*",
    ]);
    expect(people).toEqual([
      { name: "Deployment pipeline", objectId: "11111111-1111-4111-8111-111111111111" },
      { name: "Platform engineer on call", objectId: "22222222-2222-4222-8222-222222222222" },
      { name: "Security officers", objectId: "33333333-3333-4333-8333-333333333333" },
      { name: "Grace Example", objectId: "77777777-7777-4777-8777-777777777777" },
    ]);
  });

  it("has the administrators of the VMs, and each person once", () => {
    const administrator = { name: "Administrator", objectId: "44444444-4444-4444-8444-444444444444" };
    const engineer = { name: "The engineer", objectId: "22222222-2222-4222-8222-222222222222" };
    const environment = changed(production, ({ network }) => {
      network.sshAdministrators = [administrator, engineer].map((one) => ({ ...one, type: "User" }));
    });
    const { people } = world(environment);
    expect(people).toContainEqual(administrator);
    expect(people.filter(({ objectId }) => objectId === engineer.objectId)).toHaveLength(1);
  });
});

describe("Every world", () => {
  it.each([
    ["demo", demo],
    ["production", production],
  ])("has all principals, roles and Key Vaults of %s", (_, environment) => {
    expect(() => checkWorld(world(environment))).not.toThrow();
  });
});

describe("worldOf refuses", () => {
  it.each([
    [
      "a right with a condition",
      {
        azurerm_role_assignment: {
          x: { principal_id: "p", scope: "/s", role_definition_name: "r", condition: "c" },
        },
      },
      "network/azurerm_role_assignment.x does not have the expected form: condition: the sandbox does not support conditions on rights",
    ],
    [
      "a role that no stack defines",
      {
        azurerm_role_assignment: { x: { principal_id: "p", scope: "/s", role_definition_id: "/of/another" } },
      },
      "The synthesized stacks have no role with the id /of/another",
    ],
    [
      "data actions that a role excludes",
      { azurerm_role_definition: { x: { name: "r", permissions: [{ not_data_actions: ["a"] }] } } },
      "not_data_actions",
    ],
    [
      "a Key Vault with access policies",
      { azurerm_key_vault: { x: { name: "kv", resource_group_name: "rg" } } },
      "network/azurerm_key_vault.x does not have the expected form: rbac_authorization_enabled",
    ],
    [
      "a key of an unknown Key Vault",
      {
        azurerm_key_vault_key: {
          x: { name: "k", key_vault_id: "/another", key_type: "RSA", key_size: 2048, key_opts: [] },
        },
      },
      "The synthesized stacks have no azurerm_key_vault with the id /another",
    ],
  ])("%s", (_, resource, reason) => {
    const deployment = deploymentWith({ network: { resource } });
    expect(() => worldOf(deployment, demo)).toThrow(reason);
  });
});
