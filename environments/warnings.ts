import { vaultRelease } from "../cloud-init/common/vault-release";
import { DEFAULT_VAULT, openVulnerabilities } from "../cloud-init/vault-server/vault-version";
import type { Problem } from "./problem";
import type { Environment } from "./schema";

/** What an environment may say, although something else is better. */
export function environmentWarnings({ vault }: Environment): Problem[] {
  return [...versionIsVulnerable(vault), ...checksumIsUnknown(vault)];
}

function versionIsVulnerable({ version, edition }: Environment["vault"]): Problem[] {
  const open = openVulnerabilities(version, edition);
  if (open.length === 0) return [];
  return [
    {
      field: "vault.version",
      sentence: `${version} has known vulnerabilities that a later version fixes (${open.join(", ")}); write ${DEFAULT_VAULT}.`,
    },
  ];
}

function checksumIsUnknown(vault: Environment["vault"]): Problem[] {
  const { version, sha256, checksumsUrl } = vaultRelease(vault);
  if (sha256 !== undefined) return [];
  return [
    {
      field: "vault.sha256",
      sentence: `the project does not know the checksum of Vault ${version}, so the VMs rely on HashiCorp's signature alone; write the one that \`curl -s ${checksumsUrl} | grep linux_amd64\` prints.`,
    },
  ];
}

/** Prints a sentence for each to stderr. */
export function printWarnings(environment: Environment): void {
  for (const { field, sentence } of environmentWarnings(environment)) {
    console.error(`Warning: environments/${environment.name}.json: ${field}: ${sentence}`);
  }
}
