import type { DiskController } from "../cloud-init/vault-server/data-disk";

/**
 * How Azure attaches the disks of a VM of a size: sizes from v6 on have NVMe only. Where a size is an exception (Lsv4, FXmsv2),
 * the preflight says so, since Azure's list of sizes knows. Source: Azure, NVMe overview.
 */
export function diskControllerOf(size: string): DiskController {
  return generationOf(size) >= 6 ? "NVMe" : "SCSI";
}

/** 3 of Standard_D2s_v3; 1 of a size without a version. */
export function generationOf(size: string): number {
  return Number(/_v(\d+)$/.exec(size)?.[1] ?? 1);
}
