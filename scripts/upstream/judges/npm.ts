import { z } from "zod";
import { act, type Fact, good, type Verdict } from "../fact";
import type { Upstream } from "../upstream";

const registry = "https://registry.npmjs.org";

/** Source: npm, registry API, package version. */
const version = z.object({
  name: z.string(),
  version: z.string(),
  deprecated: z.union([z.string(), z.boolean()]).optional(),
});

export interface NpmPackage {
  readonly name: string;
  readonly version: string;
}

/** Checks that the registry still has the pinned version and that its owner does not deprecate it. */
export function npmPackage({ name, version }: NpmPackage, usedIn: readonly string[]): Fact {
  return {
    name: `npm ${name}`,
    value: version,
    usedIn,
    source: `https://www.npmjs.com/package/${name}/v/${version}`,
    judge: (upstream) => pinned(upstream, { name, version }),
  };
}

/** Checks several packages in one row. */
export function npmPackages(name: string, packages: readonly NpmPackage[], usedIn: readonly string[]): Fact {
  return {
    name,
    value: `${packages.length} packages`,
    usedIn,
    source: registry,
    covers: packages.map((one) => one.name),
    judge: async (upstream) => {
      const findings = await Promise.all(
        packages.map(async (one) => ({ ...(await pinned(upstream, one)), name: one.name })),
      );
      const bad = findings.filter(({ result }) => result === "act");
      if (bad.length === 0) return good("The registry has each of them.");
      return act(bad.map(({ name, sentence }) => `${name}: ${sentence}`).join(" "));
    },
  };
}

async function pinned(upstream: Upstream, { name, version: wanted }: NpmPackage): Promise<Verdict> {
  const found = await upstream.jsonIfThere(`${registry}/${name}/${wanted}`, `${registry}/${name}`, version);
  if (!found) return act(`The registry no longer has ${wanted}. Choose another version in package.json.`);
  if (found.deprecated)
    return act(`Its owner says: ${found.deprecated}. Replace it, or give a reason in facts.ts.`);
  return good(`The registry has it.`);
}
