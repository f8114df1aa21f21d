import { z } from "zod";
import { duration } from "../duration";
import { fieldName, type Problem } from "../problem";
import type { Read } from "../read";
import { atMost, systemLimit, systemMaxTtl } from "./lifetime";
import { entriesDiffer } from "./repeated-entries";

const databaseRole = z.strictObject({
  privileges: z
    .array(
      z.enum(
        ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "INDEX", "REFERENCES"],
        "is not a privilege that a workload can have on a database's tables; choose from SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES.",
      ),
    )
    .min(1, "is empty; name at least one privilege, such as SELECT.")
    .describe("Privileges of the role's users in the application's database."),
  defaultTtl: duration.describe("Lease of the credentials."),
  maxTtl: duration.describe("Maximum lifetime of the credentials, including renewals."),
});

export const roleName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, "is not a role name; use 1 to 32 lower-case letters, digits and hyphens.");

export const databaseRoles = z
  .record(roleName, databaseRole)
  .default({
    short: { privileges: ["SELECT", "INSERT", "UPDATE", "DELETE"], defaultTtl: "3m", maxTtl: "6m" },
    long: { privileges: ["SELECT", "INSERT", "UPDATE", "DELETE"], defaultTtl: "3h", maxTtl: "24h" },
    migration: {
      privileges: ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "INDEX"],
      defaultTtl: "5m",
      maxTtl: "15m",
    },
  })
  .describe("Roles of Vault's database engine.");

/** Rules for the roles of Vault's database engine. */
export function databaseRoleRules(read: Read): Problem[] {
  const names = Object.keys(read(z.record(z.string(), z.unknown()), "databaseRoles") ?? {});
  return names.flatMap((name) => [
    ...leaseEnds(read, name),
    ...entriesDiffer(read, "databaseRoles", name, "privileges"),
  ]);
}

function leaseEnds(read: Read, name: string): Problem[] {
  const defaultTtl = read(databaseRole.shape.defaultTtl, "databaseRoles", name, "defaultTtl");
  const maxTtl = read(databaseRole.shape.maxTtl, "databaseRoles", name, "maxTtl");
  return [
    ...atMost(fieldName(["databaseRoles", name, "defaultTtl"]), defaultTtl, maxTtl, "the role's maxTtl"),
    ...atMost(fieldName(["databaseRoles", name, "maxTtl"]), maxTtl, systemMaxTtl, systemLimit),
  ];
}
