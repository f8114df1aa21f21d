import { z } from "zod";
import { excerpt, fieldName, type Problem, type Read, repeated } from "./problem";
import { environmentSchema } from "./schema";

const shape = environmentSchema.shape;
const principal = shape.recoveryKeyReaders.unwrap().element.shape;
const deployer = shape.deployers.element.shape;
const signedInUser = "signed-in-user";

/** Who may deploy, read recovery keys and log in to the VMs; and the tags that say whose it all is. */
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
 * Limits of the resources that take least: 15 tags on private DNS zones and on Key Vault's keys, certificates and
 * secrets; no spaces, leading digits or unusual characters in a DNS zone's tag names; names are equal in any case.
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
            "starts like Azure's own tags; choose a name without microsoft, azure or windows in front.",
        },
      ];
    }
    return twice.has(index)
      ? [
          {
            field,
            sentence:
              "differs from another tag in upper and lower case only, which Azure ignores; remove one of the two.",
          },
        ]
      : [];
  });
  if (names.length <= most) return problems;
  return [
    ...problems,
    {
      field: "tags",
      sentence: `has ${names.length} entries, and private DNS zones and Key Vault's keys carry 15, of which the project sets ${own.length}; keep ${most} at most.`,
    },
  ];
}

/** A tag is set here or by a policy: of both, each deployment would undo the other's. */
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
    return twice.has(index)
      ? [{ field, sentence: "stands in this list already; remove one of the two." }]
      : [];
  });
}

/** It means somebody else in another person's hands, and each plan would take the rights from the one before. */
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
          sentence: `"${signedInUser}" means somebody else for each person who shares the state (state.backend azurerm); write each deployer's object id.`,
        },
      ];
    }
    return ids.length > 1
      ? [
          {
            field,
            sentence: `"${signedInUser}" stands beside other deployers, and means them too when they deploy; write each deployer's object id.`,
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
        sentence: `${excerpt(name ?? id)} is a deployer too, and who can change the infrastructure must not hold the recovery keys; name somebody else.`,
      },
    ];
  });
}

function principalsAreNamedOnce(read: Read): Problem[] {
  const lists = [["deployers"], ["recoveryKeyReaders"], ["network", "sshAdministrators"]];
  return lists.flatMap((list) =>
    repeated(objectIds(read, deployer.objectId, ...list)).map((index) => ({
      field: `${list.join(".")}[${index}].objectId`,
      sentence: "stands in this list already; remove one of the two.",
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
    sentence: "stands in this list already; remove one of the two.",
  }));
}

/** Of each entry of a list, in lower case, as Entra compares them; undefined where there is none of the right form. */
function objectIds(read: Read, schema: z.ZodType<string>, ...list: string[]): (string | undefined)[] {
  return (read(z.array(z.unknown()), ...list) ?? []).map((_, index) =>
    read(schema, ...list, index, "objectId")?.toLowerCase(),
  );
}
