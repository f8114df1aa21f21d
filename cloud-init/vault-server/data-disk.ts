/** The controller with which Azure attaches a VM's disks. */
export type DiskController = "SCSI" | "NVMe";

/** Azure's logical unit number of the data disk. The names below and the udev rule in nvme-files/ contain it. */
export const DATA_DISK_LUN = 10;

/** The data disk's path on the VM, and systemd's unit of that path. The Azure agent's own udev rules create SCSI's path. */
export function dataDisk(controller: DiskController): { readonly path: string; readonly unit: string } {
  const folder = controller === "NVMe" ? "nvme" : "scsi1";
  return {
    path: `/dev/disk/azure/${folder}/lun${DATA_DISK_LUN}`,
    unit: `dev-disk-azure-${folder}-lun${DATA_DISK_LUN}.device`,
  };
}
