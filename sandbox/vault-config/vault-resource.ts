/** A resource of the Vault provider as a stack has it, with every reference resolved: lib/synthesized makes the list. */
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
  /** Where the value comes from, in the words of whoever resolved the stack (sandbox/azurerm/ephemeral-values.ts). */
  readonly ephemeral: unknown;
}

/** Gets the value behind a marker, at the moment it is needed. */
export type ReadSecret = (marker: SecretMarker) => Promise<string>;

export function isSecretMarker(value: unknown): value is SecretMarker {
  if (typeof value !== "object" || value === null) return false;
  const names = Object.keys(value);
  return names.length === 1 && names[0] === "ephemeral";
}
