import type { Fact } from "../fact";
import { npmPackage, npmPackages } from "../judges/npm";
import { vulnerabilitiesOfMany } from "../judges/vulnerabilities";
import { lockedPackages, packageManifest } from "../project";

/**
 * Accepted vulnerabilities of npm packages: OSV's id, and why it does no harm here. Review all of them whenever you add one.
 */
const acceptedVulnerabilities: Readonly<Record<string, string>> = {};

export function npm(): Fact[] {
  const usedIn = ["package.json"];
  const { dependencies, devDependencies } = packageManifest();
  const list = (entries: Record<string, string>) =>
    Object.entries(entries).map(([name, version]) => ({ name, version }));
  const locked = lockedPackages().map((one) => ({ ...one, ecosystem: "npm" as const }));
  const ofLockfile = {
    accepted: acceptedVulnerabilities,
    cure: "Run npm audit. Update these packages, or the packages that need them.",
  };
  return [
    ...list(dependencies).map((one) => npmPackage(one, usedIn)),
    npmPackages("npm, for development", list(devDependencies), usedIn),
    vulnerabilitiesOfMany(
      { name: "npm: vulnerabilities of what runs", usedIn: ["package-lock.json"] },
      locked.filter(({ dev }) => !dev),
      ofLockfile,
    ),
    vulnerabilitiesOfMany(
      { name: "npm: vulnerabilities of what develops", usedIn: ["package-lock.json"] },
      locked.filter(({ dev }) => dev),
      ofLockfile,
    ),
  ];
}
