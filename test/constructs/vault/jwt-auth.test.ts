import { JwtAuth, type JwtAuthRole } from "../../../constructs/vault/jwt-auth";
import { azureClouds } from "../../../environments/azure-clouds";
import { synthesizeConstructs } from "../../synthesis";

const role: JwtAuthRole = {
  workload: "webapp",
  policy: "webapp",
  principalId: "web-app-principal",
  boundCidr: "10.20.3.0/24",
  tokenTtl: "768h",
};

function stackOf(changes: Partial<JwtAuthRole> = {}) {
  return synthesizeConstructs((scope) =>
    new JwtAuth(scope, "jwt", { tenantId: "tenant", cloud: azureClouds.AzureCloud }).addRole({
      ...role,
      ...changes,
    }),
  );
}

describe("JwtAuth", () => {
  it("trusts this tenant's tokens", () => {
    expect(stackOf().only("vault_jwt_auth_backend").attributes).toEqual({
      type: "jwt",
      path: "jwt",
      description: "Web apps and functions with managed identities",
      oidc_discovery_url: "https://sts.windows.net/tenant/",
      // Otherwise an import plans an update, which Vault refuses.
      lifecycle: { ignore_changes: ["description"] },
      bound_issuer: "https://sts.windows.net/tenant/",
    });
  });

  it("admits one identity for one audience, from its subnet, with one policy, and records its name", () => {
    const stack = stackOf();
    expect(stack.only("vault_jwt_auth_backend_role").attributes).toEqual({
      backend: stack.only("vault_jwt_auth_backend").ref("path"),
      role_name: "webapp-role",
      role_type: "jwt",
      bound_audiences: ["https://management.azure.com/"],
      bound_subject: "web-app-principal",
      bound_claims: { idp: "https://sts.windows.net/tenant/", oid: "web-app-principal", tid: "tenant" },
      user_claim: "sub",
      claim_mappings: { appid: "application_id", xms_mirid: "resource_id" },
      token_policies: ["webapp"],
      token_type: "batch",
      token_ttl: 768 * 3600,
      token_max_ttl: 768 * 3600,
      token_bound_cidrs: ["10.20.3.0/24"],
    });
  });

  it("issues service tokens if uses are limited, because batch tokens have no counter", () => {
    expect(stackOf({ tokenNumUses: 10 }).only("vault_jwt_auth_backend_role").attributes).toMatchObject({
      token_type: "service",
      token_num_uses: 10,
    });
  });

  it("issues batch tokens without a limit otherwise", () => {
    const { attributes } = stackOf().only("vault_jwt_auth_backend_role");
    expect(attributes["token_type"]).toBe("batch");
    expect(attributes).not.toHaveProperty("token_num_uses");
  });
});
