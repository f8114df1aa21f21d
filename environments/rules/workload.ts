import { z } from "zod";
import { listAt, type Read } from "../read";
import { roleName } from "./database-roles";

/** The lists of workloads in an environment file. */
export const workloadLists = ["webApps", "agentVms"] as const;
export type WorkloadList = (typeof workloadLists)[number];

const policyPath = z
  .string()
  .describe("A path in Vault, such as `transit/encrypt/customer-key`. The capability follows from the path.");

/** Fields of every workload, on App Service and on a VM. */
export const workload = {
  name: z
    .string()
    .regex(
      /^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,23}$/,
      "is not a workload name; use 1 to 24 lower-case letters, digits and single hyphens, starting with a letter, because Azure limits the length of names.",
    )
    .describe("Name of the workload. Its Vault role is `<name>-role`."),
  paths: z
    .array(policyPath)
    .default([])
    .describe("Vault paths that its policy allows, besides its database role's credentials."),
};

/** Returns the indexes of a list in the file, regardless of its entries. */
export function entries(read: Read, list: WorkloadList): number[] {
  return [...listAt(read, list).keys()];
}

/** Returns the database roles whose credentials a workload reads. */
export function databaseRolesOf(read: Read, list: WorkloadList, index: number): string[] {
  const role = read(roleName.optional(), list, index, "databaseRole");
  const paths = listAt(read, list, index, "paths").filter((path) => typeof path === "string");
  const named = paths.flatMap((path) => /^database\/creds\/(.+)$/.exec(path)?.[1] ?? []);
  return [...new Set([...(role === undefined ? [] : [role]), ...named])];
}
