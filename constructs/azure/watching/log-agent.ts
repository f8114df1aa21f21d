import { MonitorDataCollectionRuleAssociation } from "@cdktf/provider-azurerm/lib/monitor-data-collection-rule-association";
import { VirtualMachineExtension } from "@cdktf/provider-azurerm/lib/virtual-machine-extension";
import { Construct } from "constructs";

export interface LogAgentProps {
  virtualMachineId: string;
  /** Azure id of the data collection rule. */
  ruleId: string;
}

/** Azure Monitor Agent on a VM. It sends the rule's logs with the VM's own identity, which needs no role for this. */
export class LogAgent extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: LogAgentProps,
  ) {
    super(scope, id);
    this.createAgent();
    this.giveRule();
  }

  private createAgent(): void {
    new VirtualMachineExtension(this, "agent", {
      name: "AzureMonitorLinuxAgent",
      virtualMachineId: this.props.virtualMachineId,
      publisher: "Microsoft.Azure.Monitor",
      type: "AzureMonitorLinuxAgent",
      typeHandlerVersion: "1.33",
      autoUpgradeMinorVersion: true,
      // Azure installs its security fixes.
      automaticUpgradeEnabled: true,
    });
  }

  private giveRule(): void {
    const { virtualMachineId, ruleId } = this.props;
    new MonitorDataCollectionRuleAssociation(this, "rule", {
      name: "vault-logs",
      targetResourceId: virtualMachineId,
      dataCollectionRuleId: ruleId,
    });
  }
}
