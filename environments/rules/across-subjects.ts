import { z } from "zod";
import { seconds } from "./duration";
import { policyPaths } from "./policy-paths";
import { choices, excerpt, fieldName, type Problem, type Read, repeated } from "./problem";
import { environmentSchema } from "./schema";

const shape = environmentSchema.shape;
const vault = shape.vault.unwrap().shape;
const databaseRole = shape.databaseRoles.unwrap().valueType.shape;
const webApp = shape.webApps.unwrap().element.shape;
const agentVms = shape.agentVms.unwrap().element.shape;
const transitKey = shape.transitKeys.unwrap().element;
const anyList = z.array(z.unknown());
const anyRecord = z.record(z.string(), z.unknown());
const workloadLists = ["webApps", "agentVms"] as const;

/** Vault's maximum for leases and tokens if a mount sets none. Source: Vault, `max_lease_ttl`. */
const systemMaxTtl = "768h";

/** Both lease settings of the azure auth mount, from the walk-through "VM". */
export const azureMountTtl = "1h";

/** Each workload has a VM or web app with its name. These names are taken. */
const takenNames = new Map([["vault", "Vault's own VM"]]);

/** Rules for workloads, their rights in Vault and the lifetimes. */
export function workloadRules(read: Read): Problem[] {
  return [
    ...lifetimesAreOrdered(read),
    ...leasesEndBeforeTheirTokens(read),
    ...countedTokensHoldNoLease(read),
    ...nothingIsListedTwice(read),
    ...workloadNamesDiffer(read),
    ...publicNamesAreAllowed(read),
    ...workloadsNameWhatExists(read),
    ...loginsAreComplete(read),
  ];
}

function lifetimesAreOrdered(read: Read): Problem[] {
  const atMost = (
    field: string,
    value: string | undefined,
    limit: string | undefined,
    why: string,
  ): Problem[] =>
    value !== undefined && limit !== undefined && seconds(value) > seconds(limit)
      ? [{ field, sentence: `${value} is more than ${limit}, ${why}; choose ${limit} or less.` }]
      : [];
  const systemLimit = "Vault's maximum";
  const roles = Object.keys(read(anyRecord, "databaseRoles") ?? {});
  return [
    ...atMost(
      "vault.deployerTokenTtl",
      read(vault.deployerTokenTtl, "vault", "deployerTokenTtl"),
      systemMaxTtl,
      systemLimit,
    ),
    ...roles.flatMap((name) => {
      const defaultTtl = read(databaseRole.defaultTtl, "databaseRoles", name, "defaultTtl");
      const maxTtl = read(databaseRole.maxTtl, "databaseRoles", name, "maxTtl");
      return [
        ...atMost(fieldName(["databaseRoles", name, "defaultTtl"]), defaultTtl, maxTtl, "the role's maxTtl"),
        ...atMost(fieldName(["databaseRoles", name, "maxTtl"]), maxTtl, systemMaxTtl, systemLimit),
      ];
    }),
    ...entries(read, "webApps").flatMap((index) =>
      atMost(
        `webApps[${index}].tokenTtl`,
        read(webApp.tokenTtl, "webApps", index, "tokenTtl"),
        systemMaxTtl,
        systemLimit,
      ),
    ),
    ...entries(read, "agentVms").flatMap((index) => {
      const ttl = read(agentVms.tokenTtl, "agentVms", index, "tokenTtl");
      const maxTtl = read(agentVms.tokenMaxTtl, "agentVms", index, "tokenMaxTtl");
      return [
        ...atMost(`agentVms[${index}].tokenTtl`, ttl, maxTtl, "the group's tokenMaxTtl"),
        ...atMost(`agentVms[${index}].tokenMaxTtl`, maxTtl, azureMountTtl, "the azure auth mount's maximum"),
      ];
    }),
  ];
}

/** Returns the database roles whose credentials a workload reads. */
function databaseRolesOf(read: Read, list: (typeof workloadLists)[number], index: number): string[] {
  const role = read(webApp.databaseRole, list, index, "databaseRole");
  const paths = (read(anyList, list, index, "paths") ?? []).filter((path) => typeof path === "string");
  const named = paths.flatMap((path) => /^database\/creds\/(.+)$/.exec(path)?.[1] ?? []);
  return [...new Set([...(role === undefined ? [] : [role]), ...named])];
}

/** Vault revokes a lease together with its token, so a longer lease ends early, while it is in use. */
function leasesEndBeforeTheirTokens(read: Read): Problem[] {
  const databaseRoles = read(shape.databaseRoles, "databaseRoles");
  return workloadLists.flatMap((list) =>
    entries(read, list).flatMap((index) => {
      const field = list === "webApps" ? "tokenTtl" : "tokenMaxTtl";
      const life = read(list === "webApps" ? webApp.tokenTtl : agentVms.tokenMaxTtl, list, index, field);
      return databaseRolesOf(read, list, index).flatMap((role): Problem[] => {
        const lease = databaseRoles?.[role]?.maxTtl;
        if (life === undefined || lease === undefined || seconds(lease) <= seconds(life)) return [];
        return [
          {
            field: `${list}[${index}].${field}`,
            sentence: `${life} is less than ${lease}, the maxTtl of the database role "${role}", and Vault revokes the credentials together with the token; raise it to ${lease}, or lower databaseRoles.${role}.maxTtl to ${life}.`,
          },
        ];
      });
    }),
  );
}

/** A token ends with its last use, and Vault revokes every lease with it. */
function countedTokensHoldNoLease(read: Read): Problem[] {
  return entries(read, "webApps").flatMap((index): Problem[] => {
    const uses = read(webApp.tokenNumUses, "webApps", index, "tokenNumUses");
    const [role] = databaseRolesOf(read, "webApps", index);
    if (uses === undefined || role === undefined) return [];
    return [
      {
        field: `webApps[${index}].tokenNumUses`,
        sentence: `cannot be set for a web app with the database role "${role}": the token ends with its last use, and Vault drops the application's database users. Remove tokenNumUses, and set a shorter tokenTtl.`,
      },
    ];
  });
}

function nothingIsListedTwice(read: Read): Problem[] {
  const roles = Object.keys(read(anyRecord, "databaseRoles") ?? {});
  const lists: (string | number)[][] = [
    ...roles.map((name) => ["databaseRoles", name, "privileges"]),
    ["transitKeys"],
    ...workloadLists.flatMap((list) => entries(read, list).map((index) => [list, index, "paths"])),
  ];
  return lists.flatMap((path) => {
    const values = (read(anyList, ...path) ?? []).map((value) =>
      typeof value === "string" ? value : undefined,
    );
    return repeated(values).map((index) => ({
      field: fieldName([...path, index]),
      sentence: `${excerpt(values[index])} is already in this list; remove this entry.`,
    }));
  });
}

function workloadNamesDiffer(read: Read): Problem[] {
  const workloads = workloadLists.flatMap((list) =>
    entries(read, list).map((index) => ({
      field: `${list}[${index}].name`,
      name: read(webApp.name, list, index, "name"),
    })),
  );
  const twice = new Set(repeated(workloads.map(({ name }) => name)));
  return workloads.flatMap(({ field, name }, index) => {
    const taken = twice.has(index) ? "another workload" : takenNames.get(name ?? "");
    return taken
      ? [
          {
            field,
            sentence: `"${name}" is the name of ${taken} already, and a workload's name is the name of its policy and resources; choose another.`,
          },
        ]
      : [];
  });
}

/** Azure does not allow these words in public names. Source: Azure Resource Manager, reserved resource names. */
function publicNamesAreAllowed(read: Read): Problem[] {
  const reserved = ["microsoft", "windows"];
  const named = [
    { field: "name", name: read(shape.name, "name") },
    ...entries(read, "webApps").map((index) => ({
      field: `webApps[${index}].name`,
      name: read(webApp.name, "webApps", index, "name"),
    })),
  ];
  return named.flatMap(({ field, name }) => {
    const word = reserved.find((one) => name?.includes(one));
    return word
      ? [
          {
            field,
            sentence: `"${name}" contains "${word}", which Azure does not allow in public names; choose another.`,
          },
        ]
      : [];
  });
}

function workloadsNameWhatExists(read: Read): Problem[] {
  const databaseRoles = read(shape.databaseRoles, "databaseRoles") ?? read(anyRecord, "databaseRoles");
  const transitKeys =
    read(shape.transitKeys, "transitKeys") ??
    read(anyList, "transitKeys")?.flatMap((key) => transitKey.safeParse(key).data ?? []);
  // The check for misspelt paths does not depend on the edition.
  const edition = read(vault.edition, "vault", "edition") ?? "enterprise";
  if (databaseRoles === undefined || transitKeys === undefined) return [];
  const known = policyPaths({ databaseRoles, transitKeys, vault: { edition } });
  const withTransform = policyPaths({ databaseRoles, transitKeys, vault: { edition: "enterprise" } });
  return workloadLists.flatMap((list) =>
    entries(read, list).flatMap((index) => {
      const role = read(webApp.databaseRole, list, index, "databaseRole");
      const paths = read(anyList, list, index, "paths") ?? [];
      const problems: Problem[] = paths.flatMap((path, position) => {
        if (typeof path !== "string" || known.has(path)) return [];
        const sentence = withTransform.has(path)
          ? `${excerpt(path)} needs Vault Enterprise; set vault.edition to enterprise, or use a transit path.`
          : `${excerpt(path)} is not a Vault path for workloads; choose from ${choices([...known.keys()])}.`;
        return [{ field: `${list}[${index}].paths[${position}]`, sentence }];
      });
      if (role !== undefined && !Object.hasOwn(databaseRoles, role)) {
        const roles = Object.keys(databaseRoles);
        problems.push({
          field: `${list}[${index}].databaseRole`,
          sentence: `"${role}" is not a database role; ${roles.length > 0 ? `choose from ${choices(roles)}, or ` : ""}add it to databaseRoles.`,
        });
      }
      return problems;
    }),
  );
}

/** An incomplete login would leave the application open to everyone who can reach it. */
function loginsAreComplete(read: Read): Problem[] {
  return entries(read, "webApps").flatMap((index) => {
    const required = read(webApp.requireLogin, "webApps", index, "requireLogin");
    const described = read(z.unknown(), "webApps", index, "login") !== undefined;
    if (required === undefined || required === described) return [];
    return required
      ? [
          {
            field: `webApps[${index}].login`,
            sentence: "is missing, and requireLogin is true; name the app registration's clientId.",
          },
        ]
      : [
          {
            field: `webApps[${index}].login`,
            sentence:
              "has no effect, because requireLogin is not true; set requireLogin to true, or remove login.",
          },
        ];
  });
}

/** Returns the indexes of a list in the file, regardless of its entries. */
function entries(read: Read, list: (typeof workloadLists)[number]): number[] {
  return [...(read(anyList, list) ?? []).keys()];
}
