import {
  asksForTokenToRecover,
  DEFAULT_VAULT,
  openVulnerabilities,
} from "../cloud-init/vault-server/vault-version";
import type { Problem } from "./problem";
import type { Environment } from "./schema";

/** What an environment may say, although something else is better. */
export function environmentWarnings(environment: Environment): Problem[] {
  return [...knownVulnerabilities(environment), ...nobodyUsesTheRecoveryKeys(environment)];
}

function knownVulnerabilities({ vault }: Environment): Problem[] {
  const open = openVulnerabilities(vault.version, vault.edition);
  if (open.length === 0) return [];
  return [
    {
      field: "vault.version",
      sentence: `${vault.version} has known vulnerabilities that a later version fixes (${open.join(", ")}); write ${DEFAULT_VAULT}.`,
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
