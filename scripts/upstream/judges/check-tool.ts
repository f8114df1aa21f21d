import { z } from "zod";
import { act, type Fact, good } from "../fact";

/** Source: PyPI, Index API (PEP 691, PEP 700), which pip also reads. */
const project = z.object({
  versions: z.array(z.string()),
  files: z.array(
    z.object({ filename: z.string(), yanked: z.union([z.boolean(), z.string()]).default(false) }),
  ),
});

/** Checks that PyPI still has the pinned version and that nobody yanked it. */
export function pythonPackage(
  { name, version }: { name: string; version: string },
  usedIn: readonly string[],
): Fact {
  return {
    name: `PyPI ${name}`,
    value: version,
    usedIn,
    source: `https://pypi.org/project/${name}/${version}/`,
    judge: async (upstream) => {
      const accept = "application/vnd.pypi.simple.v1+json";
      const { versions, files } = await upstream.json(`https://pypi.org/simple/${name}/`, project, {
        accept,
      });
      const cure = `Choose another version in ${usedIn[0]}.`;
      const start = `${name.replaceAll("-", "_")}-${version}`;
      const own = files.filter(
        ({ filename }) => filename.startsWith(`${start}-`) || filename.startsWith(`${start}.tar`),
      );
      if (!versions.includes(version) || own.length === 0) return act(`PyPI no longer has it. ${cure}`);
      const yanked = own.map((file) => file.yanked).find(Boolean);
      if (yanked)
        return act(`Its owner yanked it${typeof yanked === "string" ? ` (${yanked})` : ""}. ${cure}`);
      return good("PyPI has it.");
    },
  };
}

/** Source: Go, module proxy protocol. */
const info = z.object({ Version: z.string() });

/** Checks that the module proxy still has the version. */
export function goModule(
  fact: Pick<Fact, "name" | "usedIn">,
  { path, version }: { path: string; version: string },
): Fact {
  return {
    ...fact,
    value: version,
    source: `https://pkg.go.dev/${path}@${version}`,
    judge: async (upstream) => {
      const versions = `https://proxy.golang.org/${path}/@v`;
      const found = await upstream.jsonIfThere(`${versions}/${version}.info`, `${versions}/list`, info);
      if (!found)
        return act(`The module proxy no longer has it. Choose another version in ${fact.usedIn[0]}.`);
      return good("The module proxy has it.");
    },
  };
}
