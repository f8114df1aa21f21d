/** The deployer's connection to Vault. */
export interface VaultConnection {
  /** URL without a path, for example https://vault.example.com:8200. */
  readonly address: string;
  /** Path of the PEM file with the certificates to trust. */
  readonly caFile: string;
  /** The name to verify, if it differs from the address. */
  readonly tlsServerName?: string;
  /** A forward proxy, http://host:port. */
  readonly proxyUrl?: string;
  /** The deployer's Entra token, for the role `deployer` of the mount `deployer`. */
  readonly jwt: string;
}

/** The mount and the role with which deployers log in. First boot created both (cloud-init/vault-server). */
export const DEPLOYER_LOGIN = { mount: "deployer", role: "deployer" } as const;
