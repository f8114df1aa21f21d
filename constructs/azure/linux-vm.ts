import {
  LinuxVirtualMachine,
  type LinuxVirtualMachineIdentity,
} from "@cdktf/provider-azurerm/lib/linux-virtual-machine";
import { NetworkInterface } from "@cdktf/provider-azurerm/lib/network-interface";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { Principal } from "../../environments/rules/people";
import { diskControllerOf } from "../../environments/vm-size";
import { skipChecks } from "../terraform/checkov-skips";
import { TerraformData } from "../terraform/terraform-data";
import { EntraSshLogin } from "./entra-ssh-login";
import { resourceName } from "./resource-names";
import { UserData } from "./user-data";
import { LogAgent } from "./watching/log-agent";

export interface LinuxVmProps {
  environment: string;
  /** The part of the name that is unique in the environment, such as `vault-1`. */
  name: string;
  resourceGroup: string;
  location: string;
  subnetId: string;
  publicIpAddressId?: string;
  size: string;
  zone?: string;
  /** Ubuntu's release for a new VM. A running VM keeps its own. */
  ubuntu: keyof typeof ubuntuImages;
  /** GiB. */
  osDiskGb: number;
  encryptionAtHost: boolean;
  /** The public key in OpenSSH's format. */
  sshPublicKey: string;
  /** The people who may log in with Entra ID, as root. */
  sshAdministrators: readonly Principal[];
  /** Azure id of the rule for its logs. Without it, the VM sends no logs. */
  logRuleId?: string;
  /** Azure ids of further identities besides the VM's own. */
  userAssignedIdentities?: readonly string[];
  /** What the VM needs at its first start, besides the resources in its user data. */
  dependsOn?: ITerraformDependable[];
  /** Returns the `#cloud-config` text for the VM's address in the virtual network. The text may contain references. */
  cloudConfig: (privateAddress: string) => string;
}

/** Ubuntu's LTS images, second generation. Source of 26.04: actions/runner-images, issue 14648. */
export const ubuntuImages = {
  "24.04": { publisher: "Canonical", offer: "ubuntu-24_04-lts", sku: "server" },
  "26.04": { publisher: "Canonical", offer: "ubuntu-26_04-lts", sku: "server" },
} as const;

/** The administrator that Azure requires. Nobody logs in as this user. */
export const adminUsername = "azureuser";

/** An Ubuntu LTS VM with trusted launch and without passwords. */
export class LinuxVm extends Construct {
  readonly id: string;
  readonly privateIpAddress: string;
  readonly networkInterfaceId: string;
  /** Name of the network interface's IP configuration. */
  readonly ipConfigurationName = "primary";
  /** Principal id of the system-assigned identity. IMDS uses it for programs that name no identity. */
  readonly principalId: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: LinuxVmProps,
  ) {
    super(scope, id);
    const networkInterface = this.createNetworkInterface();
    const machine = this.createMachine(networkInterface);
    this.explainFindings(networkInterface, machine);
    if (props.sshAdministrators.length > 0) {
      new EntraSshLogin(this, "login", {
        virtualMachineId: machine.id,
        administrators: props.sshAdministrators,
      });
    }
    if (props.logRuleId !== undefined)
      new LogAgent(this, "logs", { virtualMachineId: machine.id, ruleId: props.logRuleId });
    this.id = machine.id;
    this.privateIpAddress = networkInterface.privateIpAddress;
    this.networkInterfaceId = networkInterface.id;
    this.principalId = machine.identity.principalId;
  }

  private createNetworkInterface(): NetworkInterface {
    const { environment, name, resourceGroup, location, subnetId, publicIpAddressId } = this.props;
    return new NetworkInterface(this, "network-interface", {
      name: resourceName("nic", environment, name),
      resourceGroupName: resourceGroup,
      location,
      ipConfiguration: [
        {
          name: this.ipConfigurationName,
          subnetId,
          privateIpAddressAllocation: "Dynamic",
          publicIpAddressId,
        },
      ],
    });
  }

  private createMachine(networkInterface: NetworkInterface): LinuxVirtualMachine {
    const { environment, name, resourceGroup, location, size, zone, ubuntu, osDiskGb, sshPublicKey } =
      this.props;
    const controller = diskControllerOf(size);
    // Another controller changes the names of the disks. The user data of a running VM cannot wait for the new names,
    // but a new VM can.
    const disks = new TerraformData(this, "disk-controller", { triggersReplace: { controller } });
    return new LinuxVirtualMachine(this, "machine", {
      dependsOn: this.props.dependsOn,
      name: resourceName("vm", environment, name),
      resourceGroupName: resourceGroup,
      location,
      size,
      zone,
      networkInterfaceIds: [networkInterface.id],
      adminUsername,
      adminSshKey: [{ username: adminUsername, publicKey: sshPublicKey }],
      disablePasswordAuthentication: true,
      identity: this.identity(),
      sourceImageReference: { ...ubuntuImages[ubuntu], version: "latest" },
      osDisk: { caching: "ReadWrite", storageAccountType: "Premium_LRS", diskSizeGb: osDiskGb },
      secureBootEnabled: true,
      vtpmEnabled: true,
      // Azure chooses SCSI by itself for each size that supports both.
      diskControllerType: controller === "NVMe" ? controller : undefined,
      encryptionAtHostEnabled: this.props.encryptionAtHost,
      // Extensions run as root. Only the log-in with Entra ID and the agent that sends logs need one.
      allowExtensionOperations: this.extensions.length > 0,
      // Azure manages the storage, so this needs no storage account and no account key.
      bootDiagnostics: {},
      userData: new UserData(this, "user-data", this.props.cloudConfig(networkInterface.privateIpAddress))
        .base64,
      lifecycle: {
        // `latest` would replace the VM with each new image. Unattended-upgrades installs security updates.
        ignoreChanges: ["source_image_reference"],
        // cdktf would write a reference to an object as a template, which Terraform does not accept here.
        replaceTriggeredBy: [`terraform_data.${disks.friendlyUniqueId}`],
      },
    });
  }

  /** Explains settings that the environment chose against checkov's advice. */
  private explainFindings(networkInterface: NetworkInterface, machine: LinuxVirtualMachine): void {
    const { publicIpAddressId } = this.props;
    if (publicIpAddressId !== undefined) {
      skipChecks(networkInterface, {
        CKV_AZURE_119:
          "The environment sets a public address. The security group admits only its named ranges.",
      });
    }
    if (this.extensions.length > 0) skipChecks(machine, { CKV_AZURE_50: this.extensions.join(" ") });
  }

  /** The reasons for allowing extensions. Empty if the VM allows none. */
  private get extensions(): string[] {
    const { sshAdministrators, logRuleId } = this.props;
    return [
      ...(sshAdministrators.length > 0
        ? ["The environment names SSH administrators, and log-in by Entra ID is an extension."]
        : []),
      ...(logRuleId !== undefined
        ? [
            "The environment names a workspace for evidence, and the agent that sends logs there is an extension.",
          ]
        : []),
    ];
  }

  private identity(): LinuxVirtualMachineIdentity {
    const { userAssignedIdentities } = this.props;
    if (userAssignedIdentities === undefined) return { type: "SystemAssigned" };
    return { type: "SystemAssigned, UserAssigned", identityIds: [...userAssignedIdentities] };
  }
}
