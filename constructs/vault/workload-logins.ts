import type { Environment } from "../../environments/schema";
import type { AzureAuth } from "./azure-auth";
import type { JwtAuth } from "./jwt-auth";

/** The VMs' principals, and the place in Azure from which they may log in. */
export interface VmLogins {
  subscriptionId: string;
  resourceGroup: string;
  principalIds: ReadonlyMap<string, readonly string[]>;
}

/** Adds a role for each workload on VMs. @param policies names by workload */
export function admitVms(
  auth: AzureAuth,
  { agentVms, network }: Environment,
  policies: ReadonlyMap<string, string>,
  { subscriptionId, resourceGroup, principalIds }: VmLogins,
): void {
  for (const { name, tokenTtl, tokenMaxTtl } of agentVms) {
    auth.addRole({
      workload: name,
      policy: policies.get(name) ?? name,
      subscriptionId,
      resourceGroup,
      principalIds: principalIds.get(name) ?? [],
      boundCidr: network.subnets.agents,
      tokenTtl,
      tokenMaxTtl,
    });
  }
}

/** Adds a role for each workload on App Service. @param policies names by workload */
export function admitWebApps(
  auth: JwtAuth,
  { webApps, network }: Environment,
  policies: ReadonlyMap<string, string>,
  principalIds: ReadonlyMap<string, string>,
): void {
  for (const { name, tokenTtl, tokenNumUses } of webApps) {
    auth.addRole({
      workload: name,
      policy: policies.get(name) ?? name,
      principalId: principalIds.get(name) ?? "",
      boundCidr: network.subnets.webApp,
      tokenTtl,
      tokenNumUses,
    });
  }
}
