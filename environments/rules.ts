import * as ipaddr from "ipaddr.js";
import { z } from "zod";
import { seconds } from "./duration";
import { policyPaths } from "./policy-paths";
import { environmentSchema } from "./schema";

/** A field, written as in `webApps[0].name`, and a sentence: what is wrong with it and the cure. */
export interface Problem {
  field: string;
  sentence: string;
}

/**
 * What one rule needs from the file: the value at a path if it is well-formed by itself, else nothing.
 * So a mistake in one field does not hide what another rule has to say.
 */
type Read = <Schema extends z.ZodType>(
  schema: Schema,
  ...path: (string | number)[]
) => z.infer<Schema> | undefined;

const shape = environmentSchema.shape;
const network = shape.network.shape;
const vault = shape.vault.unwrap().shape;
const mysql = shape.mysql.unwrap().shape;
const plan = shape.webAppPlan.unwrap().shape;
const subnets = network.subnets.unwrap().shape;
const webApps = shape.webApps.unwrap();
const agentVms = shape.agentVms.unwrap();
const anyList = z.array(z.unknown());
const anyRecord = z.record(z.string(), z.unknown());

/** Vault's own ceiling for leases and tokens where a mount sets none. Source: Vault, `max_lease_ttl`. */
const systemMaxTtl = "768h";

/** Both lease settings of the azure auth mount, from the walk-through "VM". */
export const azureMountTtl = "1h";

/** What a schema of single fields cannot see: relations between fields. Every problem at once, in the file's order. */
export function checkRules(input: unknown): Problem[] {
  const read: Read = (schema, ...path) => {
    const parsed = schema.safeParse(valueAt(input, path));
    return parsed.success ? parsed.data : undefined;
  };
  return [
    ...recoveryKeyReadersAreNotDeployers(read),
    ...principalsAreNamedOnce(read),
    ...subnetsFit(read),
    ...sourcesAreNamed(read),
    ...clusterIsPossible(read),
    ...recoveryThresholdIsReachable(read),
    ...certificateOutlivesItsRenewal(read),
    ...standbyIsPossible(read),
    ...lifetimesAreOrdered(read),
    ...planIsPossible(read),
    ...workloadNamesDiffer(read),
    ...workloadsNameWhatExists(read),
  ];
}

/** The value at a path of a parsed JSON document; undefined where the path ends early. */
export function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    input,
  );
}

function recoveryKeyReadersAreNotDeployers(read: Read): Problem[] {
  const deployers = new Set(
    read(shape.deployers, "deployers")?.map(({ objectId }) => objectId.toLowerCase()),
  );
  return (read(shape.recoveryKeyReaders, "recoveryKeyReaders") ?? []).flatMap(({ objectId, name }, index) =>
    deployers.has(objectId.toLowerCase())
      ? [
          {
            field: `recoveryKeyReaders[${index}].objectId`,
            sentence: `${name} is a deployer too, and who can change the infrastructure must not hold the recovery keys; name somebody else.`,
          },
        ]
      : [],
  );
}

function principalsAreNamedOnce(read: Read): Problem[] {
  const lists = [
    ["deployers", read(shape.deployers, "deployers")],
    ["recoveryKeyReaders", read(shape.recoveryKeyReaders, "recoveryKeyReaders")],
    ["network.sshAdministrators", read(network.sshAdministrators, "network", "sshAdministrators")],
  ] as const;
  return lists.flatMap(([list, principals]) =>
    repeated(principals?.map(({ objectId }) => objectId.toLowerCase()) ?? []).map((index) => ({
      field: `${list}[${index}].objectId`,
      sentence: "the same object id stands in this list already; remove one of the two.",
    })),
  );
}

function subnetsFit(read: Read): Problem[] {
  const space = read(network.addressSpace, "network", "addressSpace");
  const problems: Problem[] = [];
  const earlier: { name: string; cidr: string }[] = [];
  for (const name of ["vault", "mysql", "webApp", "agents"] as const) {
    const cidr = read(subnets[name], "network", "subnets", name);
    if (cidr === undefined) continue;
    const field = `network.subnets.${name}`;
    if (space !== undefined && !contains(space, cidr)) {
      problems.push({
        field,
        sentence: `${cidr} lies outside network.addressSpace (${space}); choose a part of it.`,
      });
    }
    for (const other of earlier.filter((one) => contains(one.cidr, cidr) || contains(cidr, one.cidr))) {
      problems.push({
        field,
        sentence: `${cidr} overlaps network.subnets.${other.name} (${other.cidr}); give each subnet addresses of its own.`,
      });
    }
    const longest = name === "webApp" ? 28 : 29;
    if (prefixLength(cidr) > longest) {
      problems.push({ field, sentence: `${cidr} is too small: Azure wants a /${longest} or larger here.` });
    }
    earlier.push({ name, cidr });
  }
  return problems;
}

/** Shorter than /8 counts as any source: 0.0.0.0/1 and 128.0.0.0/1 together are the whole internet. */
function sourcesAreNamed(read: Read): Problem[] {
  const anyAllowed = read(network.allowAnySource, "network", "allowAnySource") ?? false;
  const names = new Map<string, string>();
  return (["deployerRanges", "clientRanges", "sshRanges"] as const).flatMap((list) =>
    (read(network[list], "network", list) ?? []).flatMap(({ name, cidr }, index): Problem[] => {
      const field = `network.${list}[${index}]`;
      const problems: Problem[] = [];
      const first = names.get(name);
      if (first) {
        problems.push({
          field: `${field}.name`,
          sentence: `"${name}" is the name of ${first} already, and security rules need a name each; choose another.`,
        });
      } else {
        names.set(name, field);
      }
      if (prefixLength(cidr) < 8 && !anyAllowed) {
        problems.push({
          field: `${field}.cidr`,
          sentence: `${cidr} lets (nearly) any address in; name the networks that need access, or set network.allowAnySource to true if this is meant.`,
        });
      }
      return problems;
    }),
  );
}

function clusterIsPossible(read: Read): Problem[] {
  const nodes = read(vault.nodes, "vault", "nodes") ?? 1;
  return nodes === 1
    ? []
    : [
        {
          field: "vault.nodes",
          sentence: `a cluster of ${nodes} nodes is not built yet (load balancer and auto-join are missing); set it to 1.`,
        },
      ];
}

/** Vault refuses a threshold of 1 for more than one share. Source: Vault, `SealConfig.Validate`. */
function recoveryThresholdIsReachable(read: Read): Problem[] {
  const shares = read(vault.recoveryShares, "vault", "recoveryShares");
  const threshold = read(vault.recoveryThreshold, "vault", "recoveryThreshold");
  if (shares === undefined || threshold === undefined) return [];
  const field = "vault.recoveryThreshold";
  if (threshold > shares) {
    return [
      {
        field,
        sentence: `${threshold} shares are needed but only ${shares} are made (vault.recoveryShares); lower one or raise the other.`,
      },
    ];
  }
  if (threshold === 1 && shares > 1) {
    return [
      { field, sentence: `one of ${shares} shares would do alone, which Vault refuses; choose 2 or more.` },
    ];
  }
  return [];
}

function certificateOutlivesItsRenewal(read: Read): Problem[] {
  const tls = read(shape.vault, "vault")?.tls ?? read(vault.tls, "vault", "tls");
  if (tls?.source !== "generated" || tls.renewDaysBeforeExpiry < tls.validityInMonths * 28) return [];
  return [
    {
      field: "vault.tls.renewDaysBeforeExpiry",
      sentence: `${tls.renewDaysBeforeExpiry} days are not less than the certificate's life (${tls.validityInMonths} months); choose fewer days or more months.`,
    },
  ];
}

/** Source: Azure Database for MySQL, high availability: General Purpose and Business Critical only. */
function standbyIsPossible(read: Read): Problem[] {
  const sku = read(mysql.sku, "mysql", "sku");
  if (!sku?.startsWith("B_") || !read(mysql.highAvailability, "mysql", "highAvailability")) return [];
  return [
    {
      field: "mysql.highAvailability",
      sentence: `a standby needs a General Purpose or Memory Optimized server, and ${sku} is burstable; set mysql.sku to GP_Standard_D2ds_v4 or the like.`,
    },
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
  const systemLimit = "the longest that Vault grants";
  const role = shape.databaseRoles.unwrap().valueType.shape;
  const roles = Object.keys(read(anyRecord, "databaseRoles") ?? {});
  return [
    ...atMost(
      "vault.deployerTokenTtl",
      read(vault.deployerTokenTtl, "vault", "deployerTokenTtl"),
      systemMaxTtl,
      systemLimit,
    ),
    ...roles.flatMap((name) => {
      const defaultTtl = read(role.defaultTtl, "databaseRoles", name, "defaultTtl");
      const maxTtl = read(role.maxTtl, "databaseRoles", name, "maxTtl");
      return [
        ...atMost(`databaseRoles.${name}.defaultTtl`, defaultTtl, maxTtl, "the role's maxTtl"),
        ...atMost(`databaseRoles.${name}.maxTtl`, maxTtl, systemMaxTtl, systemLimit),
      ];
    }),
    ...entries(read, "webApps").flatMap((index) =>
      atMost(
        `webApps[${index}].tokenTtl`,
        read(webApps.element.shape.tokenTtl, "webApps", index, "tokenTtl"),
        systemMaxTtl,
        systemLimit,
      ),
    ),
    ...entries(read, "agentVms").flatMap((index) => {
      const ttl = read(agentVms.element.shape.tokenTtl, "agentVms", index, "tokenTtl");
      const maxTtl = read(agentVms.element.shape.tokenMaxTtl, "agentVms", index, "tokenMaxTtl");
      return [
        ...atMost(`agentVms[${index}].tokenTtl`, ttl, maxTtl, "the group's tokenMaxTtl"),
        ...atMost(
          `agentVms[${index}].tokenMaxTtl`,
          maxTtl,
          azureMountTtl,
          "the longest that the azure auth mount grants",
        ),
      ];
    }),
  ];
}

/** Source: App Service, reliability: zone redundancy needs a Premium plan and two workers. */
function planIsPossible(read: Read): Problem[] {
  const sku = read(plan.sku, "webAppPlan", "sku");
  const workers = read(plan.workers, "webAppPlan", "workers");
  if (!read(plan.zoneRedundant, "webAppPlan", "zoneRedundant")) return [];
  if ((sku === undefined || sku.startsWith("P")) && (workers === undefined || workers > 1)) return [];
  return [
    {
      field: "webAppPlan.zoneRedundant",
      sentence:
        "zone redundancy needs a Premium plan with at least two workers; set webAppPlan.sku to P1v3 or the like and webAppPlan.workers to 2.",
    },
  ];
}

function workloadNamesDiffer(read: Read): Problem[] {
  const workloads = (["webApps", "agentVms"] as const).flatMap((list) =>
    entries(read, list).flatMap((index) => {
      const name = read(webApps.element.shape.name, list, index, "name");
      return name === undefined ? [] : [{ field: `${list}[${index}].name`, name }];
    }),
  );
  return repeated(workloads.map(({ name }) => name)).map((index) => ({
    field: workloads[index]?.field ?? "",
    sentence: `"${workloads[index]?.name}" is the name of another workload already, and each has a policy of that name; choose another.`,
  }));
}

function workloadsNameWhatExists(read: Read): Problem[] {
  const databaseRoles = read(shape.databaseRoles, "databaseRoles") ?? read(anyRecord, "databaseRoles");
  const transitKeys = read(shape.transitKeys, "transitKeys");
  const edition = read(vault.edition, "vault", "edition");
  if (databaseRoles === undefined || transitKeys === undefined || edition === undefined) return [];
  const known = policyPaths({ databaseRoles, transitKeys, vault: { edition } });
  const withTransform = policyPaths({ databaseRoles, transitKeys, vault: { edition: "enterprise" } });
  return (["webApps", "agentVms"] as const).flatMap((list) =>
    entries(read, list).flatMap((index) => {
      const role = read(webApps.element.shape.databaseRole, list, index, "databaseRole");
      const paths = read(webApps.element.shape.paths, list, index, "paths") ?? [];
      const problems: Problem[] = paths.flatMap((path, position) => {
        if (known.has(path)) return [];
        const sentence = withTransform.has(path)
          ? `"${path}" needs Vault Enterprise; set vault.edition to enterprise, or use a transit path.`
          : `"${path}" is no path of Vault that a workload may use; choose from ${[...known.keys()].join(", ")}.`;
        return [{ field: `${list}[${index}].paths[${position}]`, sentence }];
      });
      if (role !== undefined && !(role in databaseRoles)) {
        problems.push({
          field: `${list}[${index}].databaseRole`,
          sentence: `"${role}" is no database role; choose from ${Object.keys(databaseRoles).join(", ")}, or add it to databaseRoles.`,
        });
      }
      return problems;
    }),
  );
}

/** Indexes of a list in the file, whatever its entries hold. */
function entries(read: Read, list: "webApps" | "agentVms"): number[] {
  const value = read(anyList, list);
  return value === undefined ? [] : [...value.keys()];
}

/** Indexes of the values that stand earlier in the list too. */
function repeated(values: readonly string[]): number[] {
  return [...values.keys()].filter((index) => values.indexOf(values[index] ?? "") < index);
}

function prefixLength(cidr: string): number {
  return Number(cidr.split("/")[1]);
}

function contains(outer: string, inner: string): boolean {
  const [address] = ipaddr.IPv4.parseCIDR(inner);
  return prefixLength(outer) <= prefixLength(inner) && address.match(ipaddr.IPv4.parseCIDR(outer));
}
