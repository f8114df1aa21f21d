import { resourceName } from "../../constructs/azure/resource-names";
import type { Environment } from "../../environments/schema";
import { UserError } from "../../lib/processes/user-error";

/** The web apps: workload, role in Vault, name of the site among those that there are. */
export function webAppWorkloads(
  { name: environment, webApps }: Environment,
  sites: readonly string[],
): { name: string; role: string; site: string }[] {
  return webApps.map(({ name }) => {
    // After the name comes a suffix without hyphens, which makes it unique in Azure.
    const site = sites.find(
      (candidate) => candidate.replace(/-[a-z0-9]+$/, "") === resourceName("app", environment, name),
    );
    if (site === undefined) throw new UserError(`The stack web-app has no site for the workload ${name}.`);
    return { name, role: `${name}-role`, site };
  });
}

/** The VMs with Vault Agent: workload, role in Vault, name of the VM. */
export function agentWorkloads({
  name: environment,
  agentVms,
}: Environment): { name: string; role: string; machine: string }[] {
  return agentVms.flatMap(({ name, count }) =>
    Array.from({ length: count }, (_, index) => ({
      name: `${name}-${index + 1}`,
      role: `${name}-role`,
      machine: resourceName("vm", environment, `${name}-${index + 1}`),
    })),
  );
}
