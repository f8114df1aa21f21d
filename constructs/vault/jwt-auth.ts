import { JwtAuthBackend } from "@cdktf/provider-vault/lib/jwt-auth-backend";
import { JwtAuthBackendRole } from "@cdktf/provider-vault/lib/jwt-auth-backend-role";
import { Construct } from "constructs";
import type { AzureCloud } from "../../environments/azure-clouds";
import { seconds } from "../../environments/duration";

export interface JwtAuthProps {
  /** GUID of the tenant. */
  tenantId: string;
  cloud: AzureCloud;
}

export interface JwtAuthRole {
  /** Name of the workload; the role is `<name>-role`. */
  workload: string;
  policy: string;
  /** Principal id of the web app's or function's identity. */
  principalId: string;
  /** The integration subnet, CIDR. App Service's addresses change within it. */
  boundCidr: string;
  /** Duration such as `768h`. */
  tokenTtl: string;
  /** Sets a limit on uses, which makes the token a service token. Batch tokens have no use counter. */
  tokenNumUses?: number;
}

/** The auth method `jwt`, with which web apps and functions log in with their managed identities' tokens. */
export class JwtAuth extends Construct {
  private readonly path: string;
  private readonly issuer: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: JwtAuthProps,
  ) {
    super(scope, id);
    this.issuer = `${props.cloud.tokenIssuer}/${props.tenantId}/`;
    this.path = this.createMount().path;
  }

  /** Adds a role for one identity. The audit log shows the claims that Vault copies into the token's metadata. */
  addRole({ workload, policy, principalId, boundCidr, tokenTtl, tokenNumUses }: JwtAuthRole): void {
    new JwtAuthBackendRole(this, `role-${workload}`, {
      backend: this.path,
      roleName: `${workload}-role`,
      roleType: "jwt",
      boundAudiences: [this.props.cloud.resourceManager],
      boundSubject: principalId,
      boundClaims: { idp: this.issuer, oid: principalId, tid: this.props.tenantId },
      userClaim: "sub",
      claimMappings: { appid: "application_id", xms_mirid: "resource_id" },
      tokenPolicies: [policy],
      tokenType: tokenNumUses === undefined ? "batch" : "service",
      tokenNumUses,
      tokenTtl: seconds(tokenTtl),
      tokenMaxTtl: seconds(tokenTtl),
      tokenBoundCidrs: [boundCidr],
    });
  }

  /**
   * The provider does not read the description. So it would update an imported mount, with parameters that the deployers' policy does
   * not allow. Source: hashicorp/terraform-provider-vault, resource_jwt_auth_backend.go.
   */
  private createMount(): JwtAuthBackend {
    return new JwtAuthBackend(this, "mount", {
      type: "jwt",
      path: "jwt",
      description: "Web apps and functions with managed identities",
      oidcDiscoveryUrl: this.issuer,
      boundIssuer: this.issuer,
      lifecycle: { ignoreChanges: ["description"] },
    });
  }
}
