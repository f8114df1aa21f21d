import { z } from "zod";
import { compareVersions } from "../../../lib/processes/version";
import { act, type Fact, good } from "../fact";

/** Source: Terraform, provider registry protocol, "List Available Versions". */
const versions = z.object({ versions: z.array(z.object({ version: z.string() })).min(1) });

/** Checks that the range's oldest version exists. Reports the newest version in the range, and a newer one above it. */
export function terraformProvider(
  fact: Pick<Fact, "name" | "usedIn">,
  { source, range }: { source: string; range: string },
): Fact {
  return {
    ...fact,
    value: range,
    covers: [source],
    source: `https://registry.terraform.io/providers/${source}`,
    judge: async (upstream) => {
      const list = await upstream.json(
        `https://registry.terraform.io/v1/providers/${source}/versions`,
        versions,
      );
      const all = list.versions
        .map(({ version }) => version)
        .filter((version) => /^\d+\.\d+\.\d+$/.test(version))
        .sort(compareVersions);
      const { floor, cap } = boundsOf(range);
      const allowed = all.filter((one) => compareVersions(one, floor) >= 0 && compareVersions(one, cap) < 0);
      const newest = allowed.at(-1);
      if (newest === undefined)
        return act(`The registry has no version in this range. Change it in ${fact.usedIn[0]}.`);
      if (range.startsWith(">=") && !all.includes(floor)) {
        return act(`The registry no longer has ${floor}. The newest is ${newest}. Raise the floor.`);
      }
      const above = all.at(-1) ?? newest;
      return good(
        compareVersions(above, cap) >= 0
          ? `The newest in the range is ${newest}; ${above} is above the cap, which docs/dependencies.md explains.`
          : `The newest in the range is ${newest}.`,
      );
    },
  };
}

/** Returns the bounds of a range such as `>= 4.81.0, < 5.0.0` or `~> 5.6`, as Terraform reads it. */
export function boundsOf(range: string): { floor: string; cap: string } {
  const between = /^>= (\d+\.\d+\.\d+), < (\d+\.\d+\.\d+)$/.exec(range);
  if (between?.[1] && between[2]) return { floor: between[1], cap: between[2] };
  const major = /^~> ((\d+)\.\d+)$/.exec(range);
  if (major?.[1] && major[2]) return { floor: `${major[1]}.0`, cap: `${Number(major[2]) + 1}.0.0` };
  throw new Error(`boundsOf cannot read the range ${range}`);
}
