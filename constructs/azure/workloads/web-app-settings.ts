import type { WebAppWorkload } from "../../../environments/rules/web-apps";
import type { SharedValues } from "./shared-values";

/** Settings with which the application finds Vault and MySQL. To log in, it uses its identity. */
export function webAppSettings(
  { name, paths, databaseRole }: WebAppWorkload,
  vaultAddress: string,
  tokenResource: string,
  { certificate, certificateUrl, mysqlHost, mysqlDatabase }: SharedValues,
): Record<string, string> {
  return {
    VAULT_ADDR: vaultAddress,
    VAULT_CACERT_BYTES: certificate,
    VAULT_CERTIFICATE_URL: certificateUrl,
    VAULT_AUTH_MOUNT: "jwt",
    VAULT_ROLE: `${name}-role`,
    VAULT_TOKEN_RESOURCE: tokenResource,
    VAULT_PATHS: paths.join(","),
    ...(databaseRole && {
      VAULT_DATABASE_CREDENTIALS_PATH: `database/creds/${databaseRole}`,
      MYSQL_HOST: mysqlHost,
      MYSQL_DATABASE: mysqlDatabase,
    }),
  };
}
