import { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { isPublic } from "../../environments/addresses";
import type { Environment } from "../../environments/schema";
import { UserError } from "../../lib/processes/user-error";
import type { Machine } from "../machine/machine";
import { newcomer } from "./empty-azure";
import { type Action, type ExpectedPlan, onlyOutputs, waitsFor } from "./expected-plan";
import type { EnvironmentFile } from "./project-copy";
import type { Rehearsal } from "./rehearsal";

/** A change to a running system. */
export interface SystemChange {
  readonly what: string;
  readonly edit?: (environment: EnvironmentFile, rehearsal: Rehearsal) => void;
  /** A change in Azure without a deployment. */
  readonly outside?: (rehearsal: Rehearsal) => Promise<void>;
  /** The expected plan, for the environment after the edit. */
  readonly plan: (environment: Environment) => ExpectedPlan;
  /** Further stacks to deploy, because they read outputs of the planned stacks. */
  readonly alsoDeploys?: readonly string[];
  /** A check in addition to the smoke test. */
  readonly check?: (rehearsal: Rehearsal) => Promise<void>;
  /** The reason why this cannot be rehearsed here, or undefined. */
  readonly obstacle?: (rehearsal: Rehearsal) => string | undefined;
}

/** Name of the workload that this adds. */
const later = "later";

const dataRoles = [
  "key-vault-crypto-officer",
  "key-vault-certificates-officer",
  "key-vault-secrets-officer",
  "storage-blob-data-contributor",
];

/** Each change builds on the earlier changes. */
export const changes: readonly SystemChange[] = [
  {
    what: "a certificate that Key Vault renews",
    outside: async (rehearsal) => {
      await rehearsal.renewVaultCertificate();
      await serveNewestCertificate(rehearsal);
    },
    // Terraform records the new version and passes it to web apps that will start. Running apps fetch it by themselves.
    plan: () => ({ "vault-server": onlyOutputs }),
    alsoDeploys: ["web-app"],
  },
  {
    what: "one more workload",
    edit: ({ agentVms }) => {
      const [first] = agentVms;
      if (!first) throw new UserError("The environment has no agentVms to copy.");
      agentVms.push({ ...first, name: later });
    },
    plan: ({ agentVms, evidenceWorkspace }) => ({
      "agent-vm": allOf(
        "added",
        machinesOf(agentVms.filter(({ name }) => name === later)).flatMap((machine) => [
          ...(evidenceWorkspace
            ? [
                `azurerm_virtual_machine_extension.${machine}_logs_agent`,
                `azurerm_monitor_data_collection_rule_association.${machine}_logs_rule`,
              ]
            : []),
          `azurerm_linux_virtual_machine.${machine}_machine`,
          `terraform_data.${machine}_disk-controller`,
          `azurerm_network_interface.${machine}_network-interface`,
          `azurerm_role_assignment.${machine}-certificate_assignment`,
          `azurerm_role_assignment.${machine}-package_assignment`,
        ]),
      ),
      "vault-config": waitsFor("agent-vm"),
    }),
  },
  {
    what: "one more deployer",
    edit: ({ deployers }, { person }) => {
      // "signed-in-user" is allowed only as the one deployer.
      for (const deployer of deployers)
        if (deployer.objectId === "signed-in-user") deployer.objectId = person;
      deployers.push({ ...newcomer, type: "User" });
    },
    plan: (environment) => ({
      network: allOf(
        "added",
        dataRoles.map((role) => `azurerm_role_assignment.deployer-data-access_${role}-${newcomer.objectId}`),
      ),
      "vault-server": allOf("changed", nodesOf(environment, vaultMachine)),
    }),
    check: (rehearsal) => rehearsal.logsIn(newcomer.objectId),
  },
  {
    what: "a bigger data disk",
    edit: (environment, { environment: { vault } }) => {
      environment.vault = { ...environment.vault, dataDiskGb: vault.dataDiskGb * 2 };
    },
    plan: (environment) => ({
      "vault-server": allOf(
        "changed",
        nodesOf(environment, (node) => `azurerm_managed_disk.${node}_data-disk`),
      ),
    }),
  },
  {
    what: "private endpoints",
    edit: ({ network }, { environment }) => {
      const [octets] = /^\d+\.\d+/.exec(environment.network.addressSpace) ?? [];
      network.subnets = { ...network.subnets, privateEndpoints: `${octets}.9.0/28` };
    },
    plan: ({ network }) => ({
      network: allOf("added", endpointNetwork(network)),
      "vault-server": waitsFor("network"),
      "agent-vm": waitsFor("network"),
    }),
    check: async ({ azure: { resources } }) => {
      const found = resources.ofType("Microsoft.Network/privateEndpoints").length;
      if (found !== 4) throw new UserError(`Azure has ${found} private endpoints, and not 4.`);
    },
  },
  {
    // scripts/deploy changes the network last, because Azure deletes no subnet in use.
    what: "no private endpoints any more",
    edit: ({ network }) => {
      network.subnets = { ...network.subnets, privateEndpoints: undefined };
    },
    plan: ({ network }) => ({
      network: allOf("destroyed", endpointNetwork(network)),
      "vault-server": {
        ...allOf("changed", [
          "azurerm_key_vault.key-vault",
          "azurerm_key_vault.recovery-key-vault",
          "azurerm_storage_account.snapshots_account",
        ]),
        ...allOf("destroyed", [
          "azurerm_private_endpoint.key-vault_private_endpoint",
          "azurerm_private_endpoint.recovery-key-vault_private_endpoint",
          "azurerm_private_endpoint.snapshots_private_endpoint",
        ]),
      },
      "agent-vm": {
        "azurerm_private_endpoint.package-store_private_endpoint": "destroyed",
        "azurerm_storage_account.package-store_account": "changed",
      },
    }),
  },
  // This change is last, because this build calls itself 1.21.0+other, which a change of a cluster's nodes would not accept as the new version.
  {
    what: "another version of Vault",
    obstacle: ({ otherVault }) => (otherVault ? undefined : "this machine has no second Vault"),
    edit: (environment, { otherVault }) => {
      environment.vault = { ...environment.vault, version: otherVault?.version };
    },
    plan: (environment) => ({
      "vault-server": allOf("changed", nodesOf(environment, vaultMachine)),
      "agent-vm": allOf(
        "changed",
        machinesOf(environment.agentVms).map((machine) => `azurerm_linux_virtual_machine.${machine}_machine`),
      ),
    }),
    check: async (rehearsal) => {
      const { says } = rehearsal.otherVault ?? {};
      const runs = await rehearsal.vaultVersion();
      if (runs !== says) throw new UserError(`Vault ${runs} still runs, and not ${says}.`);
    },
  },
];

/** What private endpoints need in the network. Private deployers have a rule of their own. */
const endpointNetwork = ({ deployerRanges }: Environment["network"]): string[] => [
  ...["privateEndpoints", "restrictedEndpoints"].flatMap((subnet) => [
    `azurerm_subnet.network_${subnet}_subnet`,
    `azurerm_network_security_group.network_${subnet}_security_group`,
    `azurerm_subnet_network_security_group_association.network_${subnet}_association`,
    ...[
      "https-from-vault",
      ...(subnet === "privateEndpoints" ? ["https-from-web-app", "https-from-agents"] : []),
      ...(deployerRanges.some(({ cidr }) => !isPublic(cidr)) ? ["https-from-deployers"] : []),
      ...["refuse-other-inbound", "refuse-other-outbound"],
    ].map((rule) => `azurerm_network_security_rule.network_${subnet}_security_${rule}`),
  ]),
  ...["vault", "webApp", "agents"].map(
    (subnet) => `azurerm_network_security_rule.network_${subnet}_security_private-endpoints`,
  ),
  "azurerm_network_security_rule.network_vault_security_restricted-endpoints",
  ...["vault", "blob"].flatMap((part) => [
    `azurerm_private_dns_zone.${part}-endpoint-dns_zone`,
    `azurerm_private_dns_zone_virtual_network_link.${part}-endpoint-dns_link`,
  ]),
];

const vaultMachine = (node: string): string => `azurerm_linux_virtual_machine.${node}_vm_machine`;

/** The resource of each Vault node. */
const nodesOf = ({ vault }: Environment, resource: (node: string) => string): string[] =>
  Array.from({ length: vault.nodes }, (_, index) => resource(`node-${index + 1}`));

const machinesOf = (groups: Environment["agentVms"]): string[] =>
  groups.flatMap(({ name, count = 1 }) =>
    Array.from({ length: count }, (_, index) => `${name}-${index + 1}`),
  );

const allOf = (action: Action, addresses: readonly string[]): Record<string, Action> =>
  Object.fromEntries(addresses.map((address) => [address, action]));

/** Runs what the VMs' timers run every hour: first Vault's VM, then the others, which fetch its new certificate. */
export async function serveNewestCertificate(rehearsal: Rehearsal): Promise<void> {
  const { vault, vaultNodes, vaultServerName, vaultCertificate, agents } = rehearsal;
  for (const node of vaultNodes) await runTimed(node, "vault-certificate.service");
  for (const agent of agents.values()) await runTimed(agent, "vault-ca-certificate.service");
  const served = await new Promise<string>((resolve, reject) => {
    const socket = connect(
      { host: vault.address, port: 8200, servername: vaultServerName, ca: vaultCertificate },
      () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.destroy();
      },
    );
    socket.once("error", reject);
  });
  if (served !== new X509Certificate(vaultCertificate).fingerprint256)
    throw new UserError("Vault does not serve the newest certificate in Key Vault.");
}

async function runTimed(machine: Machine, unit: string): Promise<void> {
  const { code, output } = await machine.run(unit);
  if (code !== 0) throw new UserError(`${unit} failed on ${machine.name}: ${output}`);
}
