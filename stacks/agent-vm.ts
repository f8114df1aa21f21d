import { RandomProvider } from "@cdktf/provider-random/lib/provider";
import type { Construct } from "constructs";
import { useAzurerm } from "../constructs/azure/azurerm-provider";
import { AgentPackageStore } from "../constructs/azure/workloads/agent-package-store";
import type { AgentVm } from "../constructs/azure/workloads/agent-vm";
import { createAgentVmGroup } from "../constructs/azure/workloads/agent-vm-group";
import type { WorkloadProps } from "../constructs/azure/workloads/workload-props";
import { addOutputs } from "../constructs/terraform/outputs";
import { cloudOf } from "../environments/azure-clouds";
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
    environment: Environment,
    network: NetworkStack,
    vaultServer: VaultServerStack,
    mysql: MysqlStack,
  ) {
    super(scope, id, environment, ["azurerm", "random"]);
    useAzurerm(this, { cloud: cloudOf(environment) });
    new RandomProvider(this, "random");

    const groups =
      environment.agentVms.length > 0
        ? this.createGroups({ environment, network, vaultServer, mysqlServer: mysql.server })
        : [];

    this.principalIds = new Map(
      groups.map(([name, machines]) => [name, machines.map(({ principalId }) => principalId)]),
    );
    const ids = groups.map(([name, machines]) => [name, machines.map(({ id }) => id)]);
    addOutputs(this, {
      agent_vm_ids: [Object.fromEntries(ids), "ids of the VMs, by the name of their group"],
    });
  }

  private createGroups(props: WorkloadProps): [name: string, machines: AgentVm[]][] {
    const store = new AgentPackageStore(this, "package-store", props);
    return props.environment.agentVms.map((group) => [
      group.name,
      createAgentVmGroup(this, group, { ...props, store }),
    ]);
  }
}
