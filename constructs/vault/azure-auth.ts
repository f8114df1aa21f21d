import { AuthBackend } from "@cdktf/provider-vault/lib/auth-backend";
import { AzureAuthBackendConfig } from "@cdktf/provider-vault/lib/azure-auth-backend-config";
import { AzureAuthBackendRole } from "@cdktf/provider-vault/lib/azure-auth-backend-role";
import { Construct } from "constructs";
import { type AzureCloud, nameUnlessPublic } from "../../environments/azure-clouds";
import { seconds } from "../../environments/duration";
import { azureMountTtl } from "../../environments/rules/agent-vms";

export interface AzureAuthProps {
  /** GUID of the tenant. */
  tenantId: string;
  cloud: AzureCloud;
}

export interface AzureAuthRole {
  /** Name of the workload; the role is `<name>-role`. */
  workload: string;
  policy: string;
  subscriptionId: string;
  resourceGroup: string;
  /** Principal ids of the VMs' identities. */
  principalIds: readonly string[];
  /** Subnet from which the tokens work, CIDR. */
  boundCidr: string;
  /** Durations such as `1h`. */
  tokenTtl: string;
  tokenMaxTtl: string;
}

/**
 * The auth method `azure`, with which VMs log in with their managed identities. Vault uses its own VM's identity to
 * ask Azure.
 */
export class AzureAuth extends Construct {
  private readonly path: string;

  constructor(scope: Construct, id: string, { tenantId, cloud }: AzureAuthProps) {
    super(scope, id);
    this.path = this.createMount().path;
    this.configure(tenantId, cloud);
  }

  /**
   * Adds a role with the principals that may log in as a workload. Since plugin v0.21.0 a role must name principals
   * or groups. The plugin refuses logins if the role names only a subscription and resource group.
   */
  addRole({ workload, policy, principalIds, ...role }: AzureAuthRole): void {
    new AzureAuthBackendRole(this, `role-${workload}`, {
      backend: this.path,
      role: `${workload}-role`,
      boundSubscriptionIds: [role.subscriptionId],
      boundResourceGroups: [role.resourceGroup],
      boundServicePrincipalIds: [...principalIds],
      tokenPolicies: [policy],
      tokenTtl: seconds(role.tokenTtl),
      tokenMaxTtl: seconds(role.tokenMaxTtl),
      tokenBoundCidrs: [role.boundCidr],
    });
  }

  private createMount(): AuthBackend {
    return new AuthBackend(this, "mount", {
      type: "azure",
      path: "azure",
      description: "VMs with managed identities",
      tune: [{ defaultLeaseTtl: azureMountTtl, maxLeaseTtl: azureMountTtl }],
    });
  }

  /**
   * Sets no client id and no secret, because Vault reads the VMs with its own VM's identity. Sets tenant and
   * resource, because Vault 2.x prefers this configuration to the variables AZURE_*.
   */
  private configure(tenantId: string, cloud: AzureCloud): void {
    new AzureAuthBackendConfig(this, "config", {
      backend: this.path,
      tenantId,
      resource: cloud.resourceManager,
      environment: nameUnlessPublic(cloud, "vaultEnvironment"),
    });
  }
}
