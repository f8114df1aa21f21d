import type { Construct } from "constructs";
import type { AgentVmWorkload } from "../../../environments/rules/agent-vms";
import { dependsOn } from "../../terraform/depends-on";
import { CertificateReader } from "../certificate-reader";
import { LinuxVm } from "../linux-vm";
import { PackageReader } from "../package-reader";
import type { PackageStore } from "../package-store";
import type { WorkloadProps } from "./workload-props";

export interface AgentVmProps extends WorkloadProps {
  group: AgentVmWorkload;
  cloudConfig: string;
  store: PackageStore;
}

/** One VM with Vault Agent. Its identity reads Vault's certificate and the application's package. */
export class AgentVm extends LinuxVm {
  constructor(scope: Construct, id: string, props: AgentVmProps) {
    const { environment, network, vaultServer, group, cloudConfig, store } = props;
    super(scope, id, {
      environment: environment.name,
      name: id,
      resourceGroup: network.resourceGroup.name,
      location: environment.location,
      subnetId: network.subnets.agents,
      size: group.vmSize,
      zone: group.zone,
      ubuntu: environment.ubuntu,
      osDiskGb: group.osDiskGb,
      encryptionAtHost: group.encryptionAtHost,
      sshPublicKey: vaultServer.keys.sshKey.publicKey,
      sshAdministrators: environment.network.sshAdministrators,
      logRuleId: vaultServer.watching?.ruleId,
      dependsOn: dependsOn(store.endpoint),
      cloudConfig: () => cloudConfig,
    });
    const { principalId } = this;
    const certificateId = vaultServer.keys.certificate.id;
    new CertificateReader(scope, `${id}-certificate`, { certificateId, principalId });
    new PackageReader(scope, `${id}-package`, { containerId: store.containerId, principalId });
  }
}
