import { VAULT_CHECKSUMS } from "../../../cloud-init/common/vault-release";
import { VAULT_GO_MODULE, VAULT_RELEASE } from "../../../lib/releases/vault-versions";
import type { Fact } from "../fact";
import { goModule } from "../judges/check-tool";
import { hashicorpArchive, hashicorpVersion } from "../judges/hashicorp-release";
import { vulnerabilities } from "../judges/vulnerabilities";
import { inEnvironments } from "../project";

/** The versions in the environments, which the VMs run; the sandbox's version; and all archives whose checksums the project holds. */
export function vault(): Fact[] {
  const versions = inEnvironments(({ vault }) => [vault.version]);
  const sandbox = { value: VAULT_RELEASE, usedIn: ["cloud-init/vault-server/vault-version.ts"] };
  const other = versions.every(({ value }) => value !== VAULT_RELEASE) ? [sandbox] : [];
  const wanted = [...versions, ...other];
  const setting = "Set vault.version";
  const archives = new Map(wanted.map(({ value, usedIn }) => [value, usedIn]));
  for (const version of Object.keys(VAULT_CHECKSUMS)) {
    archives.set(version, [...(archives.get(version) ?? []), "cloud-init/common/vault-release.ts"]);
  }
  return [
    ...wanted.flatMap(({ value, usedIn }) => [
      hashicorpVersion(
        { name: `Vault ${value}: support`, value, usedIn },
        { product: "vault", version: value, setting },
      ),
      vulnerabilities(
        { name: `Vault ${value}: vulnerabilities`, value, usedIn },
        {
          ecosystem: "Go",
          name: "github.com/hashicorp/vault",
          version: value,
          cure: `${setting} to a version that fixes them.`,
        },
      ),
    ]),
    ...[...archives].map(([value, usedIn]) => {
      const sha256 = VAULT_CHECKSUMS[value];
      return hashicorpArchive(
        {
          name: `Vault ${value}: archive`,
          value,
          usedIn,
          covers: ["releases.hashicorp.com", ...(sha256 ? [sha256] : [])],
        },
        {
          product: "vault",
          version: value,
          setting,
          checksums: sha256 ? { [`vault_${value}_linux_amd64.zip`]: sha256 } : {},
        },
      );
    }),
    goModule(
      { name: "Vault's Go module", usedIn: ["lib/releases/vault-versions.ts"] },
      { path: "github.com/hashicorp/vault", version: `v${VAULT_GO_MODULE}` },
    ),
  ];
}
