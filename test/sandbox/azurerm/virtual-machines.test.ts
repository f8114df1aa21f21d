import { worldOf } from "../../../sandbox/azurerm/azure-world";
import { type BootingMachine, virtualMachines } from "../../../sandbox/azurerm/virtual-machines";
import { sandboxEnvironment } from "../../../sandbox/system/sandbox-environment";
import { demo, deploymentOf, production } from "../../lib/synthesized/deployments";

/** The project writes its cloud-config as JSON, which is also YAML. */
function fileOn({ cloudConfig }: BootingMachine, path: string): string {
  const [header, ...rest] = cloudConfig.split("\n");
  expect(header).toBe("#cloud-config");
  const { write_files } = JSON.parse(rest.join("\n"));
  return write_files.find((file: { path: string }) => file.path === path).content;
}

describe("The VMs of the demo", () => {
  const environment = sandboxEnvironment(demo, "127.77");
  const deployment = deploymentOf(environment);
  const { tenantId, identities, people, keyVaults } = worldOf(deployment, environment);
  const machines = virtualMachines(deployment);
  const [vault, agent] = machines as [BootingMachine, BootingMachine];

  it("are in their subnets", () => {
    expect(machines.map(({ cloudConfig, ...machine }) => machine)).toEqual([
      {
        name: "vm-demo-vault-1",
        stack: "vault-server",
        subnet: { name: "snet-demo-vault", cidr: "127.77.1.0/24" },
        privateAddress: "127.77.1.4",
      },
      {
        name: "vm-demo-agent-1",
        stack: "agent-vm",
        subnet: { name: "snet-demo-agents", cidr: "127.77.4.0/24" },
        privateAddress: "127.77.4.4",
      },
    ]);
  });

  it("tell Vault its name and address", () => {
    const [keyVault, recovery] = keyVaults.map(({ name }) => name);
    const lines = fileOn(vault, "/etc/vault.d/vault.env").split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        `AZURE_TENANT_ID=${tenantId}`,
        `AZURE_CLIENT_ID=${identities[0]?.clientId}`,
        `VAULT_AZUREKEYVAULT_VAULT_NAME=${keyVault}`,
        "VAULT_AZUREKEYVAULT_KEY_NAME=vault-unseal",
        `TLS_CERTIFICATE_SECRET_URL=https://${keyVault}.vault.azure.net/secrets/vault-tls`,
        `RECOVERY_KEYS_SECRET_URL=https://${recovery}.vault.azure.net/secrets/vault-recovery-keys`,
        `DEPLOYER_OBJECT_IDS=${people[0]?.objectId}`,
      ]),
    );
  });

  it("tell the agent the addresses of Vault and MySQL", () => {
    const lines = fileOn(agent, "/etc/vault-agent.d/agent.env").split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        "VAULT_ADDR=https://vault.demo.internal:8200",
        `VAULT_CERTIFICATE_URL=https://${keyVaults[0]?.name}.vault.azure.net/certificates/vault-tls`,
        "DATABASE_HOST=127.77.2.4",
        "DATABASE_NAME=customers",
      ]),
    );
  });
});

it("Each VM of production has an address", () => {
  const machines = virtualMachines(deploymentOf(production));
  expect(machines.map(({ name, privateAddress }) => `${name} ${privateAddress}`)).toEqual([
    "vm-production-vault-1 10.40.1.4",
    "vm-production-vault-2 10.40.1.5",
    "vm-production-vault-3 10.40.1.6",
    "vm-production-billing-1 10.40.4.4",
    "vm-production-billing-2 10.40.4.5",
    "vm-production-reports-1 10.40.4.6",
  ]);
});
