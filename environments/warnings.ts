import { DEFAULT_VAULT, openVulnerabilities } from "../cloud-init/vault-server/vault-version";
import type { Problem } from "./problem";
import type { Environment } from "./schema";

/** What an environment may say, although something else is better. */
export function environmentWarnings({ vault }: Environment): Problem[] {
  const open = openVulnerabilities(vault.version, vault.edition);
  if (open.length === 0) return [];
  return [
    {
      field: "vault.version",
      sentence: `${vault.version} has known vulnerabilities that a later version fixes (${open.join(", ")}); write ${DEFAULT_VAULT}.`,
    },
  ];
}

/** Prints a sentence for each to stderr. */
export function printWarnings(environment: Environment): void {
  for (const { field, sentence } of environmentWarnings(environment)) {
    console.error(`Warning: environments/${environment.name}.json: ${field}: ${sentence}`);
  }
}
