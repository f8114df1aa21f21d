import type { Construct } from "constructs";
import { policyPaths } from "../../environments/policy-paths";
import type { Environment } from "../../environments/schema";
import { WorkloadPolicy } from "./workload-policy";

/**
 * Creates one policy per workload, with its paths and its database role's credentials. Returns the policies' names by
 * workload.
 */
export function createWorkloadPolicies(
  scope: Construct,
  environment: Environment,
): ReadonlyMap<string, string> {
  const capabilities = policyPaths(environment);
  const { webApps, agentVms } = environment;
  return new Map(
    [...webApps, ...agentVms].map(({ name, paths, databaseRole }) => {
      const allowed = databaseRole ? [...paths, `database/creds/${databaseRole}`] : paths;
      const policy = new WorkloadPolicy(scope, `policy-${name}`, {
        workload: name,
        paths: new Map(allowed.map((path) => [path, capabilities.get(path) ?? "read"])),
      });
      return [name, policy.name];
    }),
  );
}
