import type { Construct } from "constructs";
import { agentVmUserData } from "../../../cloud-init/agent-vm/user-data";
import { cloudOf } from "../../../environments/azure-clouds";
import type { AgentVmWorkload } from "../../../environments/rules/agent-vms";
import type { PackageStore } from "../package-store";
import { AgentVm } from "./agent-vm";
import type { WorkloadProps } from "./workload-props";

export interface AgentVmGroupProps extends WorkloadProps {
  store: PackageStore;
}

/** Creates the equal VMs of a workload. */
export function createAgentVmGroup(
  scope: Construct,
  group: AgentVmWorkload,
  props: AgentVmGroupProps,
): AgentVm[] {
  const cloudConfig = groupCloudConfig(group, props);
  return Array.from(
    { length: group.count },
    (_, index) => new AgentVm(scope, `${group.name}-${index + 1}`, { ...props, group, cloudConfig }),
  );
}

function groupCloudConfig(
  { name, databaseRole, paths }: AgentVmWorkload,
  { environment, vaultServer, mysqlServer, store }: AgentVmGroupProps,
): string {
  const { vault, transitKeys } = environment;
  return agentVmUserData({
    vault,
    azure: cloudOf(environment),
    role: `${name}-role`,
    vaultAddress: vaultServer.privateAddress,
    vaultCertificateUrl: vaultServer.keys.certificate.publicUrl,
    databaseCredentialsPath: `database/creds/${databaseRole}`,
    databaseHost: mysqlServer.host,
    databaseName: mysqlServer.databaseName,
    // Only the keys that the workload's policy lets it encrypt with. The application assumes that it may use all
    // keys in its settings.
    transitKeys: transitKeys.filter((key) => paths.includes(`transit/encrypt/${key}`)),
    appPackageUrl: store.packageUrl,
    automaticRebootTime: vault.automaticRebootTime,
  });
}
