import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { Construct } from "constructs";
import type { Principal } from "../../environments/rules/people";
import { formerly } from "../terraform/formerly";
import type { KeyVault } from "./key-vault";

export interface RecoveryKeysProps {
  /** A Key Vault for recovery keys only, in a resource group where deployers have no rights to data. */
  keyVault: KeyVault;
  /** Azure id of the custom role that can set a secret but not read it. */
  writerRoleId: string;
  /** Principal id of Vault's identity. */
  vaultPrincipalId: string;
  readers: readonly Principal[];
}

/**
 * The secret with Vault's recovery keys. Vault writes it at first boot, and named people read it. It is not a
 * Terraform resource, because Terraform would read it at each refresh.
 */
export class RecoveryKeys extends Construct {
  /** `https://<vault>.<domain of Key Vault>/secrets/<name>` */
  readonly secretUrl: string;

  constructor(
    scope: Construct,
    id: string,
    { keyVault, writerRoleId, vaultPrincipalId, readers }: RecoveryKeysProps,
  ) {
    super(scope, id);
    const name = "vault-recovery-keys";
    const secretId = `${keyVault.id}/secrets/${name}`;
    this.allowVaultToWrite(secretId, writerRoleId, vaultPrincipalId);
    this.allowReaders(secretId, readers);
    this.secretUrl = `${keyVault.uri}secrets/${name}`;
  }

  private allowVaultToWrite(secretId: string, writerRoleId: string, principalId: string): void {
    new RoleAssignment(this, "write", {
      scope: secretId,
      roleDefinitionId: writerRoleId,
      principalId,
      principalType: "ServicePrincipal",
    });
  }

  private allowReaders(secretId: string, readers: readonly Principal[]): void {
    for (const [index, { objectId, type }] of readers.entries()) {
      const assignment = new RoleAssignment(this, `read-${objectId.toLowerCase()}`, {
        scope: secretId,
        roleDefinitionName: "Key Vault Secrets User",
        principalId: objectId,
        principalType: type,
      });
      formerly(assignment, `read-${index}`);
    }
  }
}
