/*
 * Differences between versions of Vault: the versions that the project supports, their open vulnerabilities, and their
 * settings. Sources: HashiCorp's CVE records and its "Important changes" of 2.x. The project tried no version after 1.21.0.
 */

import type { VaultEdition } from "../common/vault-release";

/** The oldest release without a known vulnerability: the default, and the floor for a new system. */
export const DEFAULT_VAULT = "2.2.2";

/** The oldest release that an environment may name. Older releases get no fixes in any edition, and were not tried. */
export const OLDEST_VAULT = "1.21.0";

/** The releases that an environment may name: 1.21.x and 2.x. */
export const SUPPORTED_VAULT = /^(?:1\.21|2\.(?:0|[1-9]\d{0,2}))\.(?:0|[1-9]\d{0,2})$/;

interface Vulnerability {
  readonly id: string;
  /** The first release without the vulnerability. */
  readonly fixed: string;
  /** The first Enterprise release of 1.21 without the vulnerability. The community edition of 1.21 gets no fixes. */
  readonly fixedInEnterprise?: string;
}

const vulnerabilities: readonly Vulnerability[] = [
  { id: "CVE-2026-5807", fixed: "2.0.0" },
  { id: "CVE-2026-3605", fixed: "2.0.0", fixedInEnterprise: "1.21.5" },
  { id: "CVE-2026-5051", fixed: "2.0.1" },
  { id: "CVE-2026-12624", fixed: "2.0.3", fixedInEnterprise: "1.21.8" },
  { id: "CVE-2026-5006", fixed: "2.0.4", fixedInEnterprise: "1.21.9" },
  { id: "CVE-2026-89322", fixed: "2.1.2", fixedInEnterprise: "1.21.12" },
  { id: "CVE-2026-105816", fixed: "2.1.2", fixedInEnterprise: "1.21.12" },
  { id: "CVE-2026-92735", fixed: "2.2.2", fixedInEnterprise: "1.21.14" },
  { id: "CVE-2026-93333", fixed: "2.2.2", fixedInEnterprise: "1.21.14" },
  { id: "CVE-2026-93335", fixed: "2.2.2", fixedInEnterprise: "1.21.14" },
];

/** The known vulnerabilities that a version leaves open. */
export function openVulnerabilities(version: string, edition: VaultEdition): string[] {
  return vulnerabilities
    .filter(({ fixed, fixedInEnterprise }) => {
      const backport = edition === "enterprise" && version.startsWith("1.") ? fixedInEnterprise : undefined;
      return !isAtLeast(version, backport ?? fixed);
    })
    .map(({ id }) => id);
}

/**
 * Returns true if Vault itself requires a token for sys/generate-root and sys/rekey (CVE-2026-5807). An older Vault answers every
 * client, so a front closes these endpoints to the network. Source: Vault 2.x, "Important changes".
 */
export function asksForTokenToRecover(version: string): boolean {
  return isAtLeast(version, "2.0.0");
}

/**
 * Variables for Vault's settings that not every version knows. Only versions that know a setting get it, because an ignored setting
 * would look effective.
 */
export function versionVariables(version: string): Record<string, string> {
  return {
    // CVE-2026-5006: a slash in somebody's name must not widen a templated policy. Source: Vault 2.x, configuration and production
    // hardening.
    ...(isAtLeast(version, "2.0.4") ? { VAULT_DENY_SLASH_IN_TEMPLATED_PATHS: "true" } : {}),
  };
}

function isAtLeast(version: string, floor: string): boolean {
  const wanted = floor.split(".").map(Number);
  const [differs] = version
    .split(".")
    .map((part, index) => Number(part) - (wanted[index] ?? 0))
    .filter((difference) => difference !== 0);
  return (differs ?? 0) >= 0;
}
