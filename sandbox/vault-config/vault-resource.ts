/** A resource of the Vault provider from a stack, with every reference resolved by lib/synthesized. */
export interface VaultResource {
  /** For example vault_mount.transit_mount_42804FD6. */
  readonly address: string;
  readonly type: string;
  /** The arguments in Terraform's spelling. A SecretMarker replaces each secret. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Addresses of the resources that come first, by reference or by depends_on. */
  readonly dependsOn: readonly string[];
  /** Terraform's own block, if there is one. */
  readonly lifecycle?: Readonly<Record<string, unknown>>;
}

/** Marks a write-only argument's reference to an ephemeral value. Only Vault's request contains the value itself. */
export interface SecretMarker {
  /** The value's source, as the stack's reader describes it (sandbox/azurerm/ephemeral-values.ts). */
  readonly ephemeral: unknown;
}

/** Reads the value behind a marker at the moment of its use. */
export type ReadSecret = (marker: SecretMarker) => Promise<string>;

export function isSecretMarker(value: unknown): value is SecretMarker {
  if (typeof value !== "object" || value === null) return false;
  const names = Object.keys(value);
  return names.length === 1 && names[0] === "ephemeral";
}
