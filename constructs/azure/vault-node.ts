import { ManagedDisk } from "@cdktf/provider-azurerm/lib/managed-disk";
import { VirtualMachineDataDiskAttachment } from "@cdktf/provider-azurerm/lib/virtual-machine-data-disk-attachment";
import { Construct } from "constructs";
import { DATA_DISK_LUN } from "../../cloud-init/vault-server/data-disk";
import { skipChecks } from "../terraform/checkov-skips";
import { DeletionLock } from "./deletion-lock";
import { LinuxVm, type LinuxVmProps } from "./linux-vm";
import { resourceName } from "./resource-names";
import { VirtualMachineReader, type VirtualMachineReaderProps } from "./virtual-machine-reader";

export interface VaultNodeProps extends LinuxVmProps {
  /** GiB. */
  dataDiskGb: number;
  /** Vault's rights to read the VMs that log in. */
  reads: Omit<VirtualMachineReaderProps, "principalId">;
  /** Prevents the deletion of the data disk, by a lock and in Terraform. */
  protect: boolean;
}

/** One Vault node: a VM, and a data disk that outlives the VM. */
export class VaultNode extends Construct {
  readonly machine: LinuxVm;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: VaultNodeProps,
  ) {
    super(scope, id);
    const disk = this.createDataDisk();
    this.machine = new LinuxVm(this, "vm", props);
    this.attach(disk);
    this.allowReadingVirtualMachines();
    if (props.protect) {
      new DeletionLock(this, "disk-deletion", { resourceId: disk.id, protects: "all data in Vault" });
    }
  }

  /**
   * Gives the right to the VM's own identity. Vault's azure auth plugin cannot select an identity. IMDS then uses the
   * VM's own identity, and refuses if a VM has several others but not its own. Source: getTokenCredential of
   * vault-plugin-auth-azure, v0.22.0 (Vault 1.21.0) to v0.24.0.
   */
  private allowReadingVirtualMachines(): void {
    const { principalId } = this.machine;
    new VirtualMachineReader(this, "read-virtual-machines", { principalId, ...this.props.reads });
  }

  private createDataDisk(): ManagedDisk {
    const { environment, name, resourceGroup, location, zone, dataDiskGb, protect } = this.props;
    const disk = new ManagedDisk(this, "data-disk", {
      name: resourceName("disk", environment, name, "data"),
      resourceGroupName: resourceGroup,
      location,
      zone,
      createOption: "Empty",
      storageAccountType: "Premium_LRS",
      diskSizeGb: dataDiskGb,
      networkAccessPolicy: "DenyAll",
      publicNetworkAccessEnabled: false,
      lifecycle: protect ? { preventDestroy: true } : undefined,
    });
    skipChecks(disk, {
      CKV_AZURE_93: "Vault encrypts its data under Key Vault's unseal key, and Azure also encrypts the disk.",
    });
    return disk;
  }

  /** Attaches the disk without a cache, because Raft itself must know when its writes are on the disk. */
  private attach(disk: ManagedDisk): void {
    new VirtualMachineDataDiskAttachment(this, "data-disk-attachment", {
      managedDiskId: disk.id,
      virtualMachineId: this.machine.id,
      lun: DATA_DISK_LUN,
      caching: "None",
    });
  }
}
