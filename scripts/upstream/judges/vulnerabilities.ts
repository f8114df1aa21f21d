import { z } from "zod";
import { act, type Fact, good } from "../fact";
import { NoAnswer } from "../upstream";

/** A package as OSV names it. */
export interface OsvPackage {
  readonly ecosystem: "Go" | "PyPI" | "GitHub Actions" | "npm";
  readonly name: string;
  readonly version: string;
}

const api = "https://api.osv.dev/v1";

/** Source: OSV, POST /v1/query. A version without vulnerabilities gets {}. */
const answer = z.strictObject({
  vulns: z
    .array(
      z.object({
        id: z.string(),
        aliases: z.array(z.string()).default([]),
        withdrawn: z.string().optional(),
      }),
    )
    .default([]),
  next_page_token: z.string().optional(),
});

/** Source: OSV, POST /v1/querybatch. It returns a result for each query, in the same order. */
const batchAnswer = z.strictObject({
  results: z.array(
    z.strictObject({
      vulns: z.array(z.object({ id: z.string() })).default([]),
      next_page_token: z.string().optional(),
    }),
  ),
});

/** Checks a version for known vulnerabilities. */
export function vulnerabilities(
  fact: Pick<Fact, "name" | "value" | "usedIn" | "covers">,
  { cure, ...wanted }: OsvPackage & { cure: string },
): Fact {
  return {
    ...fact,
    source: listOf(wanted),
    judge: async (upstream) => {
      const { vulns } = await upstream.json(`${api}/query`, answer, { body: query(wanted) });
      // Most vulnerabilities have a CVE besides their own id.
      const open = vulns
        .filter(({ withdrawn }) => !withdrawn)
        .map(({ id, aliases }) => aliases.find((alias) => alias.startsWith("CVE-")) ?? id);
      if (open.length === 0) return good("OSV knows no vulnerability of it.");
      return act(`OSV knows ${[...new Set(open)].sort().join(", ")}. ${cure}`);
    },
  };
}

/** Checks many packages in one row. `accepted` holds the id and the reason of each accepted vulnerability. */
export function vulnerabilitiesOfMany(
  fact: Pick<Fact, "name" | "usedIn">,
  packages: readonly OsvPackage[],
  { accepted, cure }: { accepted: Readonly<Record<string, string>>; cure: string },
): Fact {
  return {
    ...fact,
    value: `${packages.length} versions`,
    source: `https://osv.dev/list?ecosystem=${packages[0]?.ecosystem}`,
    judge: async (upstream) => {
      // OSV's limit is 1000 queries in a request.
      const parts = Array.from({ length: Math.ceil(packages.length / 1000) }, (_, index) =>
        packages.slice(index * 1000, (index + 1) * 1000),
      );
      const found = await Promise.all(
        parts.map(async (part) => {
          const body = { queries: part.map(query) };
          const { results } = await upstream.json(`${api}/querybatch`, batchAnswer, { body });
          if (results.length !== part.length) {
            throw new NoAnswer(
              `${api}/querybatch returned ${results.length} results for ${part.length} queries`,
            );
          }
          return results.flatMap(({ vulns }, index) =>
            vulns.filter(({ id }) => !(id in accepted)).map(({ id }) => `${nameOf(part[index])} (${id})`),
          );
        }),
      );
      const open = found.flat();
      return open.length === 0
        ? good("OSV knows no vulnerability of any of them.")
        : act(`OSV knows vulnerabilities of ${open.join(", ")}. ${cure}`);
    },
  };
}

function query({ ecosystem, name, version }: OsvPackage) {
  return { version, package: { ecosystem, name } };
}

function nameOf(one: OsvPackage | undefined): string {
  return `${one?.name} ${one?.version}`;
}

function listOf({ ecosystem, name }: OsvPackage): string {
  return `https://osv.dev/list?${new URLSearchParams({ ecosystem, q: name })}`;
}
