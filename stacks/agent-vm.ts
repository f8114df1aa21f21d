import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { agentVmUserData } from "../cloud-init/agent-vm/user-data";
import { useAzurerm } from "../constructs/azure/azurerm-provider";
import { CertificateReader } from "../constructs/azure/certificate-reader";
import { LinuxVm } from "../constructs/azure/linux-vm";
import type { AgentVmWorkload, Environment } from "../environments/schema";
import { EnvironmentStack } from "./environment-stack";
import type { MysqlStack } from "./mysql";
import type { NetworkStack } from "./network";
import type { VaultServerStack } from "./vault-server";

/** The workloads on VMs: groups of VMs alike, each with an identity of its own and Vault Agent. */
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
    super(scope, id, environment, ["azurerm"]);
    useAzurerm(this);

    const groups = environment.agentVms.map((group) => [group.name, this.createGroup(group)] as const);

    this.principalIds = new Map(
      groups.map(([name, machines]) => [name, machines.map(({ principalId }) => principalId)]),
    );
    new TerraformOutput(this, "agent_vm_ids", {
      value: Object.fromEntries(groups.map(([name, machines]) => [name, machines.map(({ id }) => id)])),
    });
  }

  private createGroup(group: AgentVmWorkload): LinuxVm[] {
    const cloudConfig = this.cloudConfig(group);
    return Array.from({ length: group.count }, (_, index) =>
      this.createMachine(group, index + 1, cloudConfig),
    );
  }

  private createMachine(group: AgentVmWorkload, number: number, cloudConfig: string): LinuxVm {
    const id = `${group.name}-${number}`;
    const machine = new LinuxVm(this, id, {
      environment: this.environment.name,
      name: id,
      resourceGroup: this.network.resourceGroup.name,
      location: this.environment.location,
      subnetId: this.network.subnets.agents,
      size: group.vmSize,
      zone: group.zone,
      osDiskGb: group.osDiskGb,
      encryptionAtHost: group.encryptionAtHost,
      sshPublicKey: this.vaultServer.sshKey.publicKey,
      sshAdministrators: this.environment.network.sshAdministrators,
      cloudConfig,
    });
    new CertificateReader(this, `${id}-certificate`, {
      certificateId: this.vaultServer.certificate.id,
      principalId: machine.principalId,
    });
    return machine;
  }

  private cloudConfig({ name, databaseRole, paths }: AgentVmWorkload): string {
    const { vault, transitKeys } = this.environment;
    return agentVmUserData({
      vaultVersion: vault.version,
      edition: vault.edition,
      role: `${name}-role`,
      vaultAddress: this.vaultServer.privateAddress,
      vaultCertificateUrl: this.vaultServer.certificate.publicUrl,
      databaseCredentialsPath: `database/creds/${databaseRole}`,
      databaseHost: this.mysql.server.host,
      databaseName: this.mysql.server.databaseName,
      // Those that its policy lets it encrypt with: the application takes what it is told for what it may do.
      transitKeys: transitKeys.filter((key) => paths.includes(`transit/encrypt/${key}`)),
      automaticRebootTime: vault.automaticRebootTime,
    });
  }
}
