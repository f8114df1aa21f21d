import {
  LinuxVirtualMachine,
  type LinuxVirtualMachineIdentity,
} from "@cdktf/provider-azurerm/lib/linux-virtual-machine";
import { NetworkInterface } from "@cdktf/provider-azurerm/lib/network-interface";
import { Construct } from "constructs";
import type { Principal } from "../../environments/schema";
import { diskControllerOf } from "../../environments/vm-size";
import { skipChecks } from "../terraform/checkov-skips";
import { TerraformData } from "../terraform/terraform-data";
import { EntraSshLogin } from "./entra-ssh-login";
import { resourceName } from "./resource-names";
import { UserData } from "./user-data";
import { LogAgent } from "./watching/log-agent";

export interface LinuxVmProps {
  environment: string;
  /** What tells this VM from others of the environment, such as `vault-1`. */
  name: string;
  resourceGroup: string;
  location: string;
  subnetId: string;
  publicIpAddressId?: string;
  size: string;
  zone?: string;
  /** Of a VM that is yet to be made. */
  ubuntu: keyof typeof ubuntuImages;
  /** GiB. */
  osDiskGb: number;
  encryptionAtHost: boolean;
  /** In OpenSSH's format. */
  sshPublicKey: string;
  /** Who may log in by Entra ID, as root. */
  sshAdministrators: readonly Principal[];
  /** Azure id of the rule that says which of its logs go where; without it, none go anywhere. */
  logRuleId?: string;
  /** Azure ids of further identities, beside the VM's own. */
  userAssignedIdentities?: readonly string[];
  /** `#cloud-config` text, of the VM's address in the virtual network; may hold references. */
  cloudConfig: (privateAddress: string) => string;
}

/** Ubuntu's LTS images, second generation. Source of 26.04: actions/runner-images, issue 14648. */
export const ubuntuImages = {
  "24.04": { publisher: "Canonical", offer: "ubuntu-24_04-lts", sku: "server" },
  "26.04": { publisher: "Canonical", offer: "ubuntu-26_04-lts", sku: "server" },
} as const;

/** The administrator that Azure wants; nobody logs in as it. */
export const adminUsername = "azureuser";

/** An Ubuntu LTS VM with trusted launch and without passwords. */
export class LinuxVm extends Construct {
  readonly id: string;
  readonly privateIpAddress: string;
  readonly networkInterfaceId: string;
  /** Of the network interface. */
  readonly ipConfigurationName = "primary";
  /** Principal id of its own, system-assigned identity: IMDS gives that one to a program that names none. */
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
    // Disks have other names under another controller, and the user data of a VM that runs cannot wait for them: a new VM can.
    const disks = new TerraformData(this, "disk-controller", { triggersReplace: { controller } });
    return new LinuxVirtualMachine(this, "machine", {
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
      // SCSI is left to Azure, which has it for each size that has both.
      diskControllerType: controller === "NVMe" ? controller : undefined,
      encryptionAtHostEnabled: this.props.encryptionAtHost,
      // Extensions run as root. Log-in by Entra ID is one, and the agent that sends logs; without them nobody needs any.
      allowExtensionOperations: this.extensions.length > 0,
      // Managed by Azure: no storage account, so no account key.
      bootDiagnostics: {},
      userData: new UserData(this, "user-data", this.props.cloudConfig(networkInterface.privateIpAddress))
        .base64,
      lifecycle: {
        // `latest` would replace the VM at each new image; security updates come by unattended-upgrades.
        ignoreChanges: ["source_image_reference"],
        // cdktf would write a reference to an object as a template, which Terraform does not take here.
        replaceTriggeredBy: [`terraform_data.${disks.friendlyUniqueId}`],
      },
    });
  }

  /** What the environment asks for, though checkov advises against it. */
  private explainFindings(networkInterface: NetworkInterface, machine: LinuxVirtualMachine): void {
    const { publicIpAddressId } = this.props;
    if (publicIpAddressId !== undefined) {
      skipChecks(networkInterface, {
        CKV_AZURE_119:
          "The environment asks for a public address; the security group admits its named ranges only.",
      });
    }
    if (this.extensions.length > 0) skipChecks(machine, { CKV_AZURE_50: this.extensions.join(" ") });
  }

  /** Why extensions are let in; empty where none are. */
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
