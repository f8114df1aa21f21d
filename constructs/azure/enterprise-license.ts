import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { Construct } from "constructs";
import type { KeyVault } from "./key-vault";

export interface EnterpriseLicenseProps {
  keyVault: KeyVault;
  /** Principal id of Vault's identity. */
  vaultPrincipalId: string;
}

/**
 * The secret with Vault Enterprise's licence. A person creates it (`az keyvault secret set`), so it passes neither
 * through this program nor through Terraform's state. Vault's VM waits for it.
 */
export class EnterpriseLicense extends Construct {
  /** `https://<vault>.<domain of Key Vault>/secrets/<name>` */
  readonly secretUrl: string;

  constructor(scope: Construct, id: string, { keyVault, vaultPrincipalId }: EnterpriseLicenseProps) {
    super(scope, id);
    const name = "vault-license";
    new RoleAssignment(this, "read", {
      scope: `${keyVault.id}/secrets/${name}`,
      roleDefinitionName: "Key Vault Secrets User",
      principalId: vaultPrincipalId,
      principalType: "ServicePrincipal",
    });
    this.secretUrl = `${keyVault.uri}secrets/${name}`;
  }
}
