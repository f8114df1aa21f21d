import { DataAzurermSubscription } from "@cdktf/provider-azurerm/lib/data-azurerm-subscription";
import type { Construct } from "constructs";
import { useAzurerm } from "../constructs/azure/azurerm-provider";
import { Evidence } from "../constructs/azure/evidence";
import { RecoveryKeyWriterRole } from "../constructs/azure/recovery-key-writer-role";
import { SnapshotKeeperRole } from "../constructs/azure/snapshot-keeper-role";
import { VirtualMachineReaderRole } from "../constructs/azure/virtual-machine-reader-role";
import { addOutputs } from "../constructs/terraform/outputs";
import { cloudOf } from "../environments/azure-clouds";
import type { Environment } from "../environments/schema";
import { EnvironmentStack } from "./environment-stack";

/** All resource providers that the other stacks use. Their registration is a right on the subscription, too. */
const resourceProviders = [
  "Microsoft.Authorization",
  "Microsoft.Compute",
  "Microsoft.DBforMySQL",
  "Microsoft.Insights",
  "Microsoft.KeyVault",
  "Microsoft.ManagedIdentity",
  "Microsoft.Network",
  "Microsoft.OperationalInsights",
  "Microsoft.Storage",
  "Microsoft.Web",
];

/** The custom roles. Someone with rights on the whole subscription applies this stack once. */
export class VmReaderRoleStack extends EnvironmentStack {
  readonly virtualMachineReaderRoleId: string;
  readonly recoveryKeyWriterRoleId: string;
  readonly snapshotKeeperRoleId: string;

  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id, environment, ["azurerm"]);
    useAzurerm(this, { cloud: cloudOf(environment), registerResourceProviders: resourceProviders });
    const subscription = new DataAzurermSubscription(this, "subscription");

    const reader = new VirtualMachineReaderRole(this, "virtual-machine-reader", {
      environment: environment.name,
      subscriptionId: subscription.id,
      additionalSubscriptions: environment.additionalSubscriptions,
    });
    const writer = new RecoveryKeyWriterRole(this, "recovery-key-writer", {
      environment: environment.name,
      subscriptionId: subscription.id,
    });
    const keeper = new SnapshotKeeperRole(this, "snapshot-keeper", {
      environment: environment.name,
      subscriptionId: subscription.id,
    });

    new Evidence(this, "activity-log", {
      environment,
      of: subscription.id,
      categories: ["Administrative", "Security", "Policy", "Alert"],
    });

    this.virtualMachineReaderRoleId = reader.id;
    this.recoveryKeyWriterRoleId = writer.id;
    this.snapshotKeeperRoleId = keeper.id;
    addOutputs(this, {
      virtual_machine_reader_role_id: [reader.id, "id of the custom role Virtual Machine Reader"],
      recovery_key_writer_role_id: [
        writer.id,
        "id of the custom role that writes the recovery keys and cannot read them",
      ],
      snapshot_keeper_role_id: [
        keeper.id,
        "id of the custom role that adds and reads snapshots and cannot change them",
      ],
    });
  }
}
