import { z } from "zod";
import { duration } from "../duration";
import type { Problem } from "../problem";
import type { Read } from "../read";
import { roleName } from "./database-roles";
import { atMost } from "./lifetime";
import { entriesDiffer } from "./repeated-entries";
import { availabilityZone, virtualMachine } from "./virtual-machine";
import { entries, workload } from "./workload";

/** Both lease settings of the azure auth mount, from the walk-through "VM". */
export const azureMountTtl = "1h";

export const agentVmGroup = z.strictObject({
  name: workload.name,
  count: z
    .int()
    .min(1, "is less than one VM; choose 1 or more, or remove the group.")
    .max(50, "is more than 50 VMs; add a second group.")
    .default(1)
    .describe("Number of VMs. They are all equal."),
  vmSize: virtualMachine.vmSize.describe("Size of each VM."),
  zone: availabilityZone.optional().describe("Availability zone of the VMs."),
  osDiskGb: virtualMachine.osDiskGb,
  encryptionAtHost: virtualMachine.encryptionAtHost,
  paths: workload.paths,
  databaseRole: roleName.describe("Database role whose credentials Vault Agent renders."),
  tokenTtl: duration.default("1h").describe("Lifetime of Vault Agent's token. The agent renews it."),
  tokenMaxTtl: duration
    .default("1h")
    .describe(
      "Maximum lifetime of that token. The azure mount allows at most one hour. After that, the agent logs in again.",
    ),
});

export const agentVms = z
  .array(agentVmGroup)
  .default([])
  .describe("Groups of VMs with Vault Agent. They log in with `azure`.");

export type AgentVmWorkload = z.infer<typeof agentVmGroup>;

/** Rules for VMs with Vault Agent. */
export function agentVmRules(read: Read): Problem[] {
  return entries(read, "agentVms").flatMap((index) => [
    ...tokenEnds(read, index),
    ...entriesDiffer(read, "agentVms", index, "paths"),
  ]);
}

function tokenEnds(read: Read, index: number): Problem[] {
  const ttl = read(agentVmGroup.shape.tokenTtl, "agentVms", index, "tokenTtl");
  const maxTtl = read(agentVmGroup.shape.tokenMaxTtl, "agentVms", index, "tokenMaxTtl");
  return [
    ...atMost(`agentVms[${index}].tokenTtl`, ttl, maxTtl, "the group's tokenMaxTtl"),
    ...atMost(`agentVms[${index}].tokenMaxTtl`, maxTtl, azureMountTtl, "the azure auth mount's maximum"),
  ];
}
