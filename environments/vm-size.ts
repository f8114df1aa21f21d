import type { DiskController } from "../cloud-init/vault-server/data-disk";

/**
 * Returns how Azure attaches a size's disks. Sizes from v6 have only NVMe. The preflight reports exceptions (Lsv4,
 * FXmsv2), because it reads Azure's list of sizes. Source: Azure, NVMe overview.
 */
export function diskControllerOf(size: string): DiskController {
  return generationOf(size) >= 6 ? "NVMe" : "SCSI";
}

/** Returns 3 for Standard_D2s_v3, and 1 for a size without a version. */
function generationOf(size: string): number {
  return Number(/_v(\d+)$/.exec(size)?.[1] ?? 1);
}
