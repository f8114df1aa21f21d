import { resourceName } from "../../constructs/azure/resource-names";
import type { Environment } from "../../environments/schema";

/**
 * The web apps: workload, role in Vault, name of the site.
 * @param urls by workload, the stack web-app's output webapp_urls: App Service's own names, which begin with the site's
 */
export function webAppWorkloads(
  urls: Readonly<Record<string, string>>,
): { name: string; role: string; site: string }[] {
  return Object.entries(urls).map(([name, url]) => ({
    name,
    role: `${name}-role`,
    site: new URL(url).hostname.split(".")[0] ?? "",
  }));
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
