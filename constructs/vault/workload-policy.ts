import { Policy } from "@cdktf/provider-vault/lib/policy";
import { Construct } from "constructs";

export interface WorkloadPolicyProps {
  workload: string;
  /** The workload's rights by path: `read` or `update`. */
  paths: ReadonlyMap<string, "read" | "update">;
}

/**
 * One workload's ACL policy, `workload-<name>`, with exactly its paths. The deployers' own policy
 * (deployer-policy.hcl) uses the prefix to limit which policies they can write.
 */
export class WorkloadPolicy extends Construct {
  readonly name: string;

  constructor(scope: Construct, id: string, { workload, paths }: WorkloadPolicyProps) {
    super(scope, id);
    this.name = new Policy(this, "policy", { name: `workload-${workload}`, policy: aclPolicy(paths) }).name;
  }
}

/** Vault denies everything that no path allows. So a workload without paths gets a policy that only says this. */
function aclPolicy(paths: ReadonlyMap<string, "read" | "update">): string {
  if (paths.size === 0) return "# No path is allowed.\n";
  return [...paths]
    .map(([path, capability]) => `path "${path}" {\n  capabilities = ["${capability}"]\n}\n`)
    .join("\n");
}
