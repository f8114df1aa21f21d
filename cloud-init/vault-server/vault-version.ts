/*
 * What differs from one version of Vault to another: which versions the project takes, which vulnerabilities each leaves open, which
 * settings it knows. Sources: HashiCorp's CVE records and its "Important changes" of 2.x. Nothing newer than 1.21.0 was run.
 */

import type { VaultEdition } from "../common/vault-release";

/** The oldest release without a known vulnerability: the default, and the floor for a new system. */
export const DEFAULT_VAULT = "2.2.2";

/** The oldest release that an environment may name. Before it: no fixes in any edition, and not tried. */
export const OLDEST_VAULT = "1.21.0";

/** The releases that an environment may name: 1.21.x and 2.x. */
export const SUPPORTED_VAULT = /^(?:1\.21|2\.(?:0|[1-9]\d{0,2}))\.(?:0|[1-9]\d{0,2})$/;

interface Vulnerability {
  readonly id: string;
  /** The first release without it. */
  readonly fixed: string;
  /** The first Enterprise release of 1.21 without it. The community edition of 1.21 gets no fixes. */
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
 * Whether Vault itself asks for a token before sys/generate-root and sys/rekey (CVE-2026-5807). An older one answers anybody who reaches
 * it, so a front keeps the network from these endpoints. Source: Vault 2.x, "Important changes".
 */
export function asksForTokenToRecover(version: string): boolean {
  return isAtLeast(version, "2.0.0");
}

/**
 * Variables for Vault's settings that not every version knows. Only those that know one get it: a setting that Vault passes over would
 * look as if it were in force.
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
