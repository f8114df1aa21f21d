import { z } from "zod";
import { excerpt, fieldName, type Problem, type Read, repeated } from "./problem";
import { environmentSchema } from "./schema";

const shape = environmentSchema.shape;
const principal = shape.recoveryKeyReaders.unwrap().element.shape;
const deployer = shape.deployers.element.shape;
const signedInUser = "signed-in-user";

/** Rules for deployers, recovery key readers, SSH administrators and tags. */
export function principalRules(read: Read): Problem[] {
  return [
    ...tagsAreAzures(read),
    ...policyTagsAreNotSet(read),
    ...signedInUserDeploysAlone(read),
    ...recoveryKeyReadersAreNotDeployers(read),
    ...principalsAreNamedOnce(read),
    ...subscriptionsAreNamedOnce(read),
  ];
}

/**
 * Checks the strictest limits of all resources: 15 tags on private DNS zones and on Key Vault's keys, certificates
 * and secrets; no spaces, leading digits or unusual characters in a DNS zone's tag names; names ignore case.
 * Source: Azure Resource Manager, tag limitations; Key Vault, key tags.
 */
function tagsAreAzures(read: Read): Problem[] {
  const own = ["environment", "project"];
  const most = 15 - own.length;
  const names = Object.keys(read(z.record(z.string(), z.unknown()), "tags") ?? {});
  const lowerCase = names.map((name) => name.toLowerCase());
  const twice = new Set(repeated(lowerCase));
  const problems = names.flatMap((name, index): Problem[] => {
    const field = fieldName(["tags", name]);
    if (own.includes(lowerCase[index] ?? "")) {
      return [{ field, sentence: "is a tag that the project sets itself; remove it." }];
    }
    if (!/^[A-Za-z][A-Za-z0-9_.-]{0,127}$/.test(name)) {
      return [
        {
          field,
          sentence:
            "has a name that not every resource accepts; use 1 to 128 letters, digits and _ . - in it, starting with a letter.",
        },
      ];
    }
    if (/^(?:microsoft|azure|windows)/i.test(name)) {
      return [
        {
          field,
          sentence:
            "starts like Azure's own tags; choose a name that does not start with microsoft, azure or windows.",
        },
      ];
    }
    return twice.has(index)
      ? [
          {
            field,
            sentence:
              "differs from another tag only in upper and lower case, which Azure ignores; remove one tag.",
          },
        ]
      : [];
  });
  if (names.length <= most) return problems;
  return [
    ...problems,
    {
      field: "tags",
      sentence: `has ${names.length} entries, but private DNS zones and Key Vault's keys accept 15, of which the project sets ${own.length}; keep ${most} at most.`,
    },
  ];
}

/** Either the file or a policy sets a tag. With both, each deployment would undo the policy's change. */
function policyTagsAreNotSet(read: Read): Problem[] {
  const own = Object.keys(read(z.record(z.string(), z.unknown()), "tags") ?? {});
  const set = new Set([...own, "environment", "project"].map((name) => name.toLowerCase()));
  const names = (read(z.array(z.unknown()), "tagsFromPolicy") ?? []).map((_, index) =>
    read(shape.tagsFromPolicy.unwrap().element, "tagsFromPolicy", index)?.toLowerCase(),
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

/**
 * `signed-in-user` is a different person on another computer, so each plan would remove the rights from the previous
 * person.
 */
function signedInUserDeploysAlone(read: Read): Problem[] {
  const ids = objectIds(read, deployer.objectId, "deployers");
  const shared = read(shape.state, "state")?.backend === "azurerm";
  return [...ids.entries()].flatMap(([index, id]) => {
    const field = `deployers[${index}].objectId`;
    if (id !== signedInUser) return [];
    if (shared) {
      return [
        {
          field,
          sentence: `"${signedInUser}" means a different person for each user of the shared state (state.backend azurerm); write each deployer's object id.`,
        },
      ];
    }
    return ids.length > 1
      ? [
          {
            field,
            sentence: `"${signedInUser}" is in a list with other deployers, and also means them when they deploy; write each deployer's object id.`,
          },
        ]
      : [];
  });
}

function recoveryKeyReadersAreNotDeployers(read: Read): Problem[] {
  const deployers = new Set(objectIds(read, deployer.objectId, "deployers"));
  return objectIds(read, principal.objectId, "recoveryKeyReaders").flatMap((id, index) => {
    if (id === undefined || !deployers.has(id)) return [];
    const name = read(principal.name, "recoveryKeyReaders", index, "name");
    return [
      {
        field: `recoveryKeyReaders[${index}].objectId`,
        sentence: `${excerpt(name ?? id)} is also a deployer, and a person who can change the infrastructure must not have the recovery keys; name another person.`,
      },
    ];
  });
}

function principalsAreNamedOnce(read: Read): Problem[] {
  const lists = [["deployers"], ["recoveryKeyReaders"], ["network", "sshAdministrators"]];
  return lists.flatMap((list) =>
    repeated(objectIds(read, deployer.objectId, ...list)).map((index) => ({
      field: `${list.join(".")}[${index}].objectId`,
      sentence: "is already in this list; remove this entry.",
    })),
  );
}

function subscriptionsAreNamedOnce(read: Read): Problem[] {
  const id = shape.additionalSubscriptions.unwrap().element;
  const ids = (read(z.array(z.unknown()), "additionalSubscriptions") ?? []).map((_, index) =>
    read(id, "additionalSubscriptions", index)?.toLowerCase(),
  );
  return repeated(ids).map((index) => ({
    field: `additionalSubscriptions[${index}]`,
    sentence: "is already in this list; remove this entry.",
  }));
}

/** Returns the list's object ids in lower case, because Entra ignores case. A malformed id becomes undefined. */
function objectIds(read: Read, schema: z.ZodType<string>, ...list: string[]): (string | undefined)[] {
  return (read(z.array(z.unknown()), ...list) ?? []).map((_, index) =>
    read(schema, ...list, index, "objectId")?.toLowerCase(),
  );
}
