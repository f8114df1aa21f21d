import { KeyVaultSecret } from "@cdktf/provider-azurerm/lib/key-vault-secret";
import { Fn } from "cdktf";
import { Construct } from "constructs";
import { skipChecks } from "../terraform/checkov-skips";
import { EphemeralResource } from "../terraform/ephemeral-resource";

export interface MysqlAdministratorPasswordProps {
  keyVaultId: string;
  /** A higher version creates a new password. */
  version: number;
}

/**
 * The administrator's first password. Each run generates a random value, but Key Vault stores it only when the
 * version changes. Users of the password read the stored value (KeptPassword), because each run has another random
 * value.
 */
export class MysqlAdministratorPassword extends Construct {
  /**
   * Name of the Key Vault secret, derived from the id that Azure returns. So the name is unknown until the secret
   * exists, and a reader waits for it. Terraform opens an ephemeral value at the first plan if all its arguments are
   * known.
   */
  readonly secretName: string;

  constructor(scope: Construct, id: string, { keyVaultId, version }: MysqlAdministratorPasswordProps) {
    super(scope, id);
    this.secretName = Fn.basename(this.keep(keyVaultId, version, this.generate()).resourceVersionlessId);
  }

  /** Azure requires three of four kinds of character. Source: Azure Database for MySQL, server parameters. */
  private generate(): EphemeralResource {
    return new EphemeralResource(this, "generated", {
      type: "random_password",
      arguments: { length: 48, min_upper: 1, min_lower: 1, min_numeric: 1, special: false },
    });
  }

  private keep(keyVaultId: string, version: number, password: EphemeralResource): KeyVaultSecret {
    const secret = new KeyVaultSecret(this, "secret", {
      name: "mysql-administrator",
      keyVaultId,
      contentType: "password until Vault's rotate-root, useless after it",
      valueWo: password.attribute("result"),
      valueWoVersion: version,
    });
    skipChecks(secret, {
      CKV_AZURE_41:
        "Vault's rotate-root makes the password useless right after set-up, long before an expiry date would.",
    });
    return secret;
  }
}
