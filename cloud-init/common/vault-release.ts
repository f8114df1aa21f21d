import type { Release } from "./release";

export type VaultEdition = "community" | "enterprise";

export interface VaultReleaseOptions {
  readonly edition: VaultEdition;
  /** The version without the edition, for example "1.21.4". */
  readonly version: string;
  /** The checksum of a version that is not in the table below. */
  readonly sha256?: string;
}

/**
 * SHA-256 of HashiCorp's archives for 64-bit x86, as HashiCorp publishes them. To add a version, check the signature of
 * vault_<version>_SHA256SUMS (docs/deploy.md) and take its line. A second person reviews it.
 * Source: the formulas of hashicorp/homebrew-tap, which HashiCorp's release pipeline writes.
 */
export const VAULT_CHECKSUMS: Readonly<Record<string, string>> = {
  "1.21.4": "889b681990fe221b884b7932fa9c9dd0ee9811b9349554f1aa287ab63c9f3dae",
  "1.21.4+ent": "9644574bd5c5615b552a0b2286e6bd688529c010bc684d9e3ef1c76054347963",
  "2.0.0": "0367bdd46dd1fff1ff19fc44e60df48866515bb519c80527236b3808ea879ac2",
  "2.0.0+ent": "1f5b003a9a294e3abadcad2a5e9b235130ef32a1c5f8ddf7ab1f9cecb99bf452",
  "2.0.3": "1e0ffb7a82491219c7242da6e05e2d756b05d1097c29799a42228661f229bc2a",
  "2.0.3+ent": "14239bce32f4826c7bc0b563dc67f46cc21db3854897997fcabb5e8339c87428",
};

/** The version as HashiCorp names the archives of an edition. */
function archiveVersion({ edition, version }: VaultReleaseOptions): string {
  return edition === "enterprise" ? `${version}+ent` : version;
}

/** The checksum from the project's table. Undefined for a version that is not in it. */
export function knownVaultChecksum(options: VaultReleaseOptions): string | undefined {
  return VAULT_CHECKSUMS[archiveVersion(options)];
}

/** HashiCorp's release of Vault. */
export function vaultRelease(options: VaultReleaseOptions): Release {
  const version = archiveVersion(options);
  const folder = `https://releases.hashicorp.com/vault/${version}`;
  return {
    name: "vault",
    version,
    archiveUrl: `${folder}/vault_${version}_linux_amd64.zip`,
    sha256: knownVaultChecksum(options) ?? options.sha256,
    checksumsUrl: `${folder}/vault_${version}_SHA256SUMS`,
    archiveProgram: "vault",
  };
}
