import { Policy } from "@cdktf/provider-vault/lib/policy";
import { Construct } from "constructs";

export interface WorkloadPolicyProps {
  workload: string;
  /** What the workload may do, by path: `read` or `update`. */
  paths: ReadonlyMap<string, "read" | "update">;
}

/**
 * One workload's ACL policy, `workload-<name>`: its paths and nothing else. By the prefix the deployers' own policy
 * (deployer-policy.hcl) tells which policies they may write.
 */
export class WorkloadPolicy extends Construct {
  readonly name: string;

  constructor(scope: Construct, id: string, { workload, paths }: WorkloadPolicyProps) {
    super(scope, id);
    this.name = new Policy(this, "policy", { name: `workload-${workload}`, policy: aclPolicy(paths) }).name;
  }
}

/** Vault denies what no path allows, so a workload without paths gets a policy that says only that. */
function aclPolicy(paths: ReadonlyMap<string, "read" | "update">): string {
  if (paths.size === 0) return "# No path is allowed.\n";
  return [...paths]
    .map(([path, capability]) => `path "${path}" {\n  capabilities = ["${capability}"]\n}\n`)
    .join("\n");
}
