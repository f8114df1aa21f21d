import { KeyVaultSecret } from "@cdktf/provider-azurerm/lib/key-vault-secret";
import { Fn } from "cdktf";
import { Construct } from "constructs";
import { skipChecks } from "../terraform/checkov-skips";
import { EphemeralResource } from "../terraform/ephemeral-resource";

export interface MysqlAdministratorPasswordProps {
  keyVaultId: string;
  /** Raise it to have a new password made. */
  version: number;
}

/**
 * The administrator's first password: made anew in each run and written to Key Vault only when its version changes.
 * Who needs it reads it back from there (KeptPassword), since each run's random value is another.
 */
export class MysqlAdministratorPassword extends Construct {
  /**
   * Name of the Key Vault secret, out of the id that Azure gives it: unknown until the secret is there, so that whoever
   * reads it by an ephemeral value waits. Terraform opens one at the first plan already if all its arguments are known.
   */
  readonly secretName: string;
  readonly version: number;

  constructor(scope: Construct, id: string, { keyVaultId, version }: MysqlAdministratorPasswordProps) {
    super(scope, id);
    this.secretName = Fn.basename(this.keep(keyVaultId, version, this.generate()).resourceVersionlessId);
    this.version = version;
  }

  /** Azure wants three of four kinds of character. Source: Azure Database for MySQL, server parameters. */
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
      contentType: "password until Vault's rotate-root, worthless after it",
      valueWo: password.attribute("result"),
      valueWoVersion: version,
    });
    skipChecks(secret, {
      CKV_AZURE_41:
        "Vault's rotate-root makes the password worthless right after set-up, long before a date would.",
    });
    return secret;
  }
}
