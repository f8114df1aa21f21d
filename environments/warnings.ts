import { vaultRelease } from "../cloud-init/common/vault-release";
import {
  asksForTokenToRecover,
  DEFAULT_VAULT,
  openVulnerabilities,
} from "../cloud-init/vault-server/vault-version";
import type { Problem } from "./problem";
import type { Environment } from "./schema";

/** What an environment may say, although something else is better. */
export function environmentWarnings(environment: Environment): Problem[] {
  const { vault } = environment;
  return [
    ...versionIsVulnerable(vault),
    ...checksumIsUnknown(vault),
    ...nobodyUsesTheRecoveryKeys(environment),
  ];
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

/** A login by token knows a person's object id, and not reliably a group's. */
function nobodyUsesTheRecoveryKeys({ vault, recoveryKeyReaders }: Environment): Problem[] {
  if (!asksForTokenToRecover(vault.version) || recoveryKeyReaders.length === 0) return [];
  if (recoveryKeyReaders.some(({ type }) => type !== "Group")) return [];
  return [
    {
      field: "recoveryKeyReaders",
      sentence:
        "only groups may read the recovery keys, and Vault 2.x takes a person's login besides the keys to make a root token; name at least one person.",
    },
  ];
}

/** Prints a sentence for each to stderr. */
export function printWarnings(environment: Environment): void {
  for (const { field, sentence } of environmentWarnings(environment)) {
    console.error(`Warning: environments/${environment.name}.json: ${field}: ${sentence}`);
  }
}
