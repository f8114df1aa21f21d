import { z } from "zod";
import type { Problem } from "../problem";
import type { Read } from "../read";

export const mysql = z
  .strictObject({
    version: z
      .enum(["8.0.21", "8.4"], "is not a MySQL version that Azure offers; write 8.0.21 or 8.4.")
      .default("8.4")
      .describe("MySQL's version."),
    sku: z
      .string()
      .regex(
        /^(?:B|GP|MO)_Standard_[A-Za-z0-9_]+$/,
        "is not a MySQL SKU; write it as B_Standard_B1ms or GP_Standard_D2ds_v4.",
      )
      .default("B_Standard_B1ms")
      .describe("The server's size."),
    storageGb: z
      .int()
      .min(20, "is less than Azure's minimum; choose 20 or more.")
      .max(16_384, "is more than Azure's maximum; choose 16384 or less.")
      .default(20)
      .describe("Storage, in GiB. It grows automatically."),
    backupRetentionDays: z
      .int()
      .min(1, "is less than Azure's minimum; choose 1 or more.")
      .max(35, "is more than Azure's maximum; choose 35 or less.")
      .default(7)
      .describe("Retention of backups, in days."),
    geoRedundantBackup: z.boolean().default(false).describe("Also keep backups in the paired region."),
    highAvailability: z
      .boolean()
      .default(false)
      .describe("A standby in another zone. The burstable SKUs (B_...) do not support it."),
    databaseName: z
      .string()
      .regex(
        /^(?!(?:mysql|sys|information_schema|performance_schema)$)[a-z][a-z0-9_]{0,63}$/,
        "is not a name for the application's database; use 1 to 64 lower-case letters, digits and underscores, and none of MySQL's own (mysql, sys, information_schema, performance_schema).",
      )
      .default("customers")
      .describe("The application's database."),
    administratorLogin: z
      .string()
      .regex(
        /^(?!(?:root|admin|administrator|guest|public|azure_superuser)$)[a-z][a-z0-9_]{0,31}$/,
        "is not an administrator name; use 1 to 32 lower-case letters, digits and underscores, and none that Azure reserves (root, admin, administrator, guest, public, azure_superuser).",
      )
      .default("vaultadmin")
      .describe("The administrator. After Vault rotates the password, only Vault knows it."),
    passwordVersion: z
      .int()
      .min(1, "is less than 1; choose 1 or more.")
      .max(1_000_000, "is more than a million; choose the next number after the one in use.")
      .default(1)
      .describe("Raise it to create a new administrator password, for example after the loss of Vault."),
    slowQuerySeconds: z
      .int()
      .min(0, "is negative; choose 0 or more.")
      .max(3600, "is more than an hour; choose 3600 or less.")
      .default(2)
      .describe("MySQL logs queries that take longer, in seconds."),
  })
  .prefault({})
  .describe("The MySQL server.");

/** Source: Azure Database for MySQL, high availability: General Purpose and Business Critical only. */
export function mysqlRules(read: Read): Problem[] {
  const { shape } = mysql.unwrap();
  const sku = read(shape.sku, "mysql", "sku");
  if (!sku?.startsWith("B_") || !read(shape.highAvailability, "mysql", "highAvailability")) return [];
  return [
    {
      field: "mysql.highAvailability",
      sentence: `a standby needs a General Purpose or Memory Optimized server, and ${sku} is burstable; set mysql.sku to a SKU such as GP_Standard_D2ds_v4.`,
    },
  ];
}
