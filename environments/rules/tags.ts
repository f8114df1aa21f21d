import { z } from "zod";
import { fieldName, type Problem } from "../problem";
import { listAt, type Read } from "../read";
import { repeated } from "./repeated-entries";

export const tags = z
  .record(
    z.string().meta({
      pattern: "^[A-Za-z][A-Za-z0-9_.-]{0,127}$",
      patternErrorMessage:
        "is not a tag name; use 1 to 128 letters, digits and _ . -, starting with a letter.",
    }),
    z
      .string()
      .max(256, "is longer than the 256 characters that Azure allows; shorten it.")
      .regex(
        /^(?!.*[$%]\{)\P{Cc}*$/u,
        "contains a control character, or ${ or %{ which Terraform would evaluate; remove it.",
      ),
  )
  .default({})
  .describe(
    "Tags on every resource that accepts tags. At most 13, because the project also sets `environment` and `project`.",
  );

export const tagsFromPolicy = z
  .array(
    z
      .string()
      .regex(
        /^[A-Za-z][A-Za-z0-9 _.:-]{0,127}$/,
        "is not a tag name; use 1 to 128 letters, digits, spaces and _ . : -, starting with a letter.",
      ),
  )
  .max(50, "contains more than 50 tags, the limit of a resource; remove some.")
  .default([])
  .describe(
    "Names of tags that your Azure Policy sets on resources. Deployments do not change them. Without this list, each deployment would remove them.",
  );

export function tagRules(read: Read): Problem[] {
  return [...tagsAreAzures(read), ...policyTagsAreNotSet(read)];
}

/**
 * Checks the strictest limits of all resources: 15 tags on private DNS zones and on Key Vault's keys, certificates
 * and secrets; no spaces, leading digits or unusual characters in a DNS zone's tag names; names ignore case.
 * Source: Azure Resource Manager, tag limitations; Key Vault, key tags.
 */
function tagsAreAzures(read: Read): Problem[] {
  const names = Object.keys(read(z.record(z.string(), z.unknown()), "tags") ?? {});
  const twice = new Set(repeated(names.map((name) => name.toLowerCase())));
  const problems = names.flatMap((name, index): Problem[] => {
    const sentence = nameProblem(name) ?? (twice.has(index) ? differsOnlyInCase : undefined);
    return sentence === undefined ? [] : [{ field: fieldName(["tags", name]), sentence }];
  });
  const most = 15 - ownTags.length;
  if (names.length <= most) return problems;
  return [
    ...problems,
    {
      field: "tags",
      sentence: `has ${names.length} entries, but private DNS zones and Key Vault's keys accept 15, of which the project sets ${ownTags.length}; keep ${most} at most.`,
    },
  ];
}

const ownTags = ["environment", "project"];

const differsOnlyInCase =
  "differs from another tag only in upper and lower case, which Azure ignores; remove one tag.";

function nameProblem(name: string): string | undefined {
  if (ownTags.includes(name.toLowerCase())) return "is a tag that the project sets itself; remove it.";
  if (!/^[A-Za-z][A-Za-z0-9_.-]{0,127}$/.test(name)) {
    return "has a name that not every resource accepts; use 1 to 128 letters, digits and _ . - in it, starting with a letter.";
  }
  if (/^(?:microsoft|azure|windows)/i.test(name)) {
    return "starts like Azure's own tags; choose a name that does not start with microsoft, azure or windows.";
  }
  return undefined;
}

/** Either the file or a policy sets a tag. With both, each deployment would undo the policy's change. */
function policyTagsAreNotSet(read: Read): Problem[] {
  const own = Object.keys(read(z.record(z.string(), z.unknown()), "tags") ?? {});
  const set = new Set([...own, ...ownTags].map((name) => name.toLowerCase()));
  const names = listAt(read, "tagsFromPolicy").map((_, index) =>
    read(tagsFromPolicy.unwrap().element, "tagsFromPolicy", index)?.toLowerCase(),
  );
  const twice = new Set(repeated(names));
  return names.flatMap((name, index) => {
    const field = `tagsFromPolicy[${index}]`;
    if (name !== undefined && set.has(name)) {
      return [{ field, sentence: "is a tag that deployments set themselves; remove it here, or from tags." }];
    }
    return twice.has(index) ? [{ field, sentence: "is already in this list; remove this entry." }] : [];
  });
}
