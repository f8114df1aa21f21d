import { MonitorDataCollectionRuleAssociation } from "@cdktf/provider-azurerm/lib/monitor-data-collection-rule-association";
import { VirtualMachineExtension } from "@cdktf/provider-azurerm/lib/virtual-machine-extension";
import { Construct } from "constructs";

export interface LogAgentProps {
  virtualMachineId: string;
  /** Azure id of the data collection rule. */
  ruleId: string;
}

/** Azure Monitor Agent on a VM, which sends what the rule names, as the VM's own identity. It needs no role for that. */
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
      // Its security fixes come by themselves.
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
