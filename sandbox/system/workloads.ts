import { resourceName } from "../../constructs/azure/resource-names";
import type { Environment } from "../../environments/schema";

/**
 * Returns the web apps, each with workload, role in Vault and name of the site.
 * @param urls the output webapp_urls of the stack web-app, by workload. App Service's own names begin with the site's name.
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

/** Returns the VMs with Vault Agent, each with workload, role in Vault and name of the VM. */
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
