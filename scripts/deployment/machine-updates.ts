import { resourcesOf, type SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import type { DeploymentRun } from "./deployment-run";
import { type DeployedMachine, deployedMachines } from "./machine-reports";
import type { StackState } from "./stack-state";

/** The VMs of a deployment. Each applies changes of its user data by itself. */
export class MachineUpdates {
  constructor(private readonly deployment: DeploymentRun) {}

  /** The stack's VMs, after its deployment. */
  of(stack: SynthesizedStack, before: StackState | undefined): DeployedMachine[] {
    if (resourcesOf(stack, "azurerm_linux_virtual_machine").length === 0) return [];
    return deployedMachines(before, this.deployment.stateOf(stack.name));
  }

  /** Shows the changes on running VMs, and waits until the VMs have applied them. */
  async bring(machines: readonly DeployedMachine[]): Promise<void> {
    for (const { name, changes } of machines) {
      for (const change of changes) this.deployment.progress.line(`  ${name} ${change}`);
    }
    const { reports } = this.deployment;
    const due = await Promise.all(
      machines.map(
        async (machine) =>
          machine.deployment === "changed" ||
          (machine.deployment === "unchanged" && (await reports.isBehind(machine))),
      ),
    );
    await this.untilApplied(machines.filter((_, index) => due[index]));
  }

  /** Waits for all VMs at the same time. In a cluster each VM waits for its turn, and the order is not known in advance. */
  async untilApplied(machines: readonly DeployedMachine[]): Promise<void> {
    const { interruption, reports } = this.deployment;
    const seconds = this.deployment.options.wait * machines.length;
    const steps = machines.map((machine) =>
      this.deployment.progress.longStep(
        `${machine.name}: applies its user data ${machine.version}`,
        (report) => reports.untilApplied(machine, { seconds, interruption, report }),
      ),
    );
    await Promise.allSettled(steps);
    await Promise.all(steps);
  }
}
