/** A resource of the Vault provider as a stack has it, with every reference resolved: sandbox/deployment makes the list. */
export interface VaultResource {
  /** For example vault_mount.transit_mount_42804FD6. */
  readonly address: string;
  readonly type: string;
  /** In Terraform's spelling. A secret is not in it, but a SecretMarker in its place. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Addresses of the resources that come first, by reference or by depends_on. */
  readonly dependsOn: readonly string[];
  /** Terraform's own block, where there is one. */
  readonly lifecycle?: Readonly<Record<string, unknown>>;
}

/** Stands where a write-only argument refers to an ephemeral value: the value itself is nowhere but in Vault's request. */
export interface SecretMarker {
  /** Where the value comes from, in the words of whoever resolved the stack (sandbox/deployment/ephemeral-values.ts). */
  readonly ephemeral: unknown;
}

/** Gets the value behind a marker, at the moment it is needed. */
export type ReadSecret = (marker: SecretMarker) => Promise<string>;

/** How the deployer reaches Vault. */
export interface VaultConnection {
  /** URL without a path, for example https://vault.example.com:8200. */
  readonly address: string;
  /** Path of the PEM file with the certificates to trust. */
  readonly caFile: string;
  /** The name to verify, where it is not the address's. */
  readonly tlsServerName?: string;
  /** A forward proxy, http://host:port. */
  readonly proxyUrl?: string;
  /** The deployer's Entra token, for the role `deployer` of the mount `deployer`. */
  readonly jwt: string;
}

/** The mount and the role by which deployers log in; first boot made both (cloud-init/vault-server). */
export const DEPLOYER_LOGIN = { mount: "deployer", role: "deployer" } as const;

export function isSecretMarker(value: unknown): value is SecretMarker {
  if (typeof value !== "object" || value === null) return false;
  const names = Object.keys(value);
  return names.length === 1 && names[0] === "ephemeral";
}
