import { RandomProvider } from "@cdktf/provider-random/lib/provider";
import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { agentVmUserData } from "../cloud-init/agent-vm/user-data";
import { AppPackage } from "../constructs/azure/app-package";
import { useAzurerm } from "../constructs/azure/azurerm-provider";
import { CertificateReader } from "../constructs/azure/certificate-reader";
import { Evidence } from "../constructs/azure/evidence";
import { GlobalSuffix } from "../constructs/azure/global-suffix";
import { LinuxVm } from "../constructs/azure/linux-vm";
import { PackageReader } from "../constructs/azure/package-reader";
import { PackageStore } from "../constructs/azure/package-store";
import type { AgentVmWorkload } from "../environments/rules/agent-vms";
import type { Environment } from "../environments/schema";
import { EnvironmentStack } from "./environment-stack";
import type { MysqlStack } from "./mysql";
import type { NetworkStack } from "./network";
import type { VaultServerStack } from "./vault-server";

/**
 * The workloads on VMs. Each workload is a group of equal VMs, each with its own identity, Vault Agent and the
 * application.
 */
export class AgentVmStack extends EnvironmentStack {
  /** Principal ids of the VMs' identities, by workload. */
  readonly principalIds: ReadonlyMap<string, readonly string[]>;

  constructor(
    scope: Construct,
    id: string,
    private readonly environment: Environment,
    private readonly network: NetworkStack,
    private readonly vaultServer: VaultServerStack,
    private readonly mysql: MysqlStack,
  ) {
    super(scope, id, environment, ["azurerm", "random"]);
    useAzurerm(this);
    new RandomProvider(this, "random");

    const groups = environment.agentVms.length > 0 ? this.createGroups() : [];

    this.principalIds = new Map(
      groups.map(([name, machines]) => [name, machines.map(({ principalId }) => principalId)]),
    );
    new TerraformOutput(this, "agent_vm_ids", {
      value: Object.fromEntries(groups.map(([name, machines]) => [name, machines.map(({ id }) => id)])),
    });
  }

  private createGroups(): [name: string, machines: LinuxVm[]][] {
    const store = this.createPackageStore();
    // Logs writes, not reads. The package is not a secret, and each VM asks for a newer one every ten minutes.
    new Evidence(this, "package-store-evidence", {
      environment: this.environment,
      of: store.blobServiceId,
      categories: ["StorageWrite", "StorageDelete"],
    });
    return this.environment.agentVms.map((group) => [group.name, this.createGroup(group, store)]);
  }

  private createPackageStore(): PackageStore {
    const { name, location, network } = this.environment;
    return new PackageStore(this, "package-store", {
      name: `st${name}${new GlobalSuffix(this, "name").value}`,
      resourceGroup: this.network.resourceGroup.name,
      location,
      package: new AppPackage(this, "package"),
      allowedRanges: network.deployerRanges.map(({ cidr }) => cidr),
      allowedSubnets: [this.network.subnets.agents, ...network.deployerSubnets.map(({ id }) => id)],
    });
  }

  private createGroup(group: AgentVmWorkload, store: PackageStore): LinuxVm[] {
    const cloudConfig = this.cloudConfig(group, store);
    return Array.from({ length: group.count }, (_, index) =>
      this.createMachine(group, index + 1, cloudConfig, store),
    );
  }

  private createMachine(
    group: AgentVmWorkload,
    number: number,
    cloudConfig: string,
    store: PackageStore,
  ): LinuxVm {
    const id = `${group.name}-${number}`;
    const machine = new LinuxVm(this, id, {
      environment: this.environment.name,
      name: id,
      resourceGroup: this.network.resourceGroup.name,
      location: this.environment.location,
      subnetId: this.network.subnets.agents,
      size: group.vmSize,
      zone: group.zone,
      ubuntu: this.environment.ubuntu,
      osDiskGb: group.osDiskGb,
      encryptionAtHost: group.encryptionAtHost,
      sshPublicKey: this.vaultServer.sshKey.publicKey,
      sshAdministrators: this.environment.network.sshAdministrators,
      logRuleId: this.vaultServer.watching?.ruleId,
      cloudConfig: () => cloudConfig,
    });
    new CertificateReader(this, `${id}-certificate`, {
      certificateId: this.vaultServer.certificate.id,
      principalId: machine.principalId,
    });
    new PackageReader(this, `${id}-package`, {
      containerId: store.containerId,
      principalId: machine.principalId,
    });
    return machine;
  }

  private cloudConfig({ name, databaseRole, paths }: AgentVmWorkload, store: PackageStore): string {
    const { vault, transitKeys } = this.environment;
    return agentVmUserData({
      vault,
      role: `${name}-role`,
      vaultAddress: this.vaultServer.privateAddress,
      vaultCertificateUrl: this.vaultServer.certificate.publicUrl,
      databaseCredentialsPath: `database/creds/${databaseRole}`,
      databaseHost: this.mysql.server.host,
      databaseName: this.mysql.server.databaseName,
      // Only the keys that the workload's policy lets it encrypt with. The application assumes that it may use all
      // keys in its settings.
      transitKeys: transitKeys.filter((key) => paths.includes(`transit/encrypt/${key}`)),
      appPackageUrl: store.packageUrl,
      automaticRebootTime: vault.automaticRebootTime,
    });
  }
}
