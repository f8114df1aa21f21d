import { z } from "zod";
import { duration, seconds } from "../duration";

export const snapshots = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe("Take snapshots of Vault's data, and keep them in a separate storage account."),
    interval: duration
      .refine(
        (interval) =>
          !interval.endsWith("s") && seconds(interval) >= 5 * 60 && seconds(interval) <= 7 * 86_400,
        "is not an interval for snapshots; choose between 5m and 7d, without seconds.",
      )
      .default("1h")
      .describe("Time between two snapshots. With the data disk, the data of this time can be lost."),
    retentionDays: z
      .int()
      .min(1, "is less than a day; choose 1 or more.")
      .max(365, "is more than a year; choose 365 or less.")
      .default(30)
      .describe(
        "Retention of a snapshot, in days. With `protectData`, nobody can delete or change a younger one.",
      ),
    replication: z
      .enum(["LRS", "ZRS"], "is not a replication for snapshots; write LRS or ZRS.")
      .default("ZRS")
      .describe(
        "`ZRS` keeps each snapshot in three zones of the region. `LRS` keeps it in one, for a region without zones. A change creates a new storage account.",
      ),
  })
  .prefault({})
  .describe("Snapshots of Vault's data.");
