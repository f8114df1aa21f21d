export type VaultEdition = "community" | "enterprise";

/**
 * HashiCorp's apt repository. The key is named by its whole fingerprint, so that the key server cannot hand out another one;
 * cloud-init writes it to a file of its own, valid for this repository alone. hkps: port 443, which every egress rule knows.
 */
export const HASHICORP_APT = {
  sources: {
    hashicorp: {
      source: "deb [signed-by=$KEY_FILE] https://apt.releases.hashicorp.com $RELEASE main",
      keyid: "798AEC654E5C15428C8E42EEAA16FCBCA621E701",
      keyserver: "hkps://keyserver.ubuntu.com:443",
    },
  },
} as const;

/** Name and version of Vault's Debian package, as cloud-init's `packages` wants them. */
export function vaultPackage(edition: VaultEdition, version: string): [name: string, version: string] {
  return edition === "enterprise" ? ["vault-enterprise", `${version}+ent-1`] : ["vault", `${version}-1`];
}
