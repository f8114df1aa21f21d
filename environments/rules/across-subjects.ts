import { z } from "zod";
import { contains, isPublic, usableAddresses } from "../addresses";
import { seconds } from "../duration";
import { policyPaths } from "../policy-paths";
import { choices, excerpt, type Problem } from "../problem";
import { listAt, type Read } from "../read";
import { agentVmGroup } from "./agent-vms";
import { environmentName } from "./azure-names";
import { databaseRoles } from "./database-roles";
import { subnets } from "./network";
import { namedRanges } from "./network-access";
import { objectId, objectIds } from "./people";
import { repeated } from "./repeated-entries";
import { specialNetworks } from "./special-networks";
import { state } from "./state";
import { transitKeys } from "./transit-keys";
import { vault } from "./vault";
import { webAppPlan } from "./web-app-plan";
import { webApp } from "./web-apps";
import { databaseRolesOf, entries, workload, workloadLists } from "./workload";

const signedInUser = "signed-in-user";
const anyRecord = z.record(z.string(), z.unknown());

/** Each workload has a VM or web app with its name. These names are taken. */
const takenNames = new Map([["vault", "Vault's own VM"]]);

/** Rules about fields of more than one subject. */
export function rulesAcrossSubjects(read: Read): Problem[] {
  return [
    ...signedInUserDeploysAlone(read),
    ...machinesFit(read),
    ...clientsReachWebApps(read),
    ...leasesEndBeforeTheirTokens(read),
    ...workloadNamesDiffer(read),
    ...publicNamesAreAllowed(read),
    ...workloadsNameWhatExists(read),
  ];
}

/**
 * `signed-in-user` is a different person on another computer, so each plan would remove the rights from the previous
 * person.
 */
function signedInUserDeploysAlone(read: Read): Problem[] {
  const ids = objectIds(read, objectId, "deployers");
  const shared = read(state, "state")?.backend === "azurerm";
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

/** Each agent VM and each worker of the plan needs an address. */
function machinesFit(read: Read): Problem[] {
  const counts = listAt(read, "agentVms").map(
    (_, index) => read(agentVmGroup.shape.count, "agentVms", index, "count") ?? 0,
  );
  const needs = [
    { name: "agents", machines: counts.reduce((sum, count) => sum + count, 0), kind: "VMs (agentVms)" },
    {
      name: "webApp",
      machines: mostWorkers(read),
      kind: "workers (webAppPlan)",
    },
  ] as const;
  return needs.flatMap(({ name, machines, kind }) => {
    const cidr = read(subnets.shape[name], "network", "subnets", name);
    if (cidr === undefined || usableAddresses(cidr) < 1 || machines <= usableAddresses(cidr)) return [];
    return [
      {
        field: `network.subnets.${name}`,
        sentence: `${cidr} has ${usableAddresses(cidr)} addresses for ${machines} ${kind}; choose a larger network, or fewer of them.`,
      },
    ];
  });
}

function mostWorkers(read: Read): number {
  const { workers, maxWorkers } = webAppPlan.unwrap().shape;
  const [least = 0, most = 0] = [
    read(workers, "webAppPlan", "workers"),
    read(maxWorkers, "webAppPlan", "maxWorkers"),
  ];
  return Math.max(least, most);
}

/**
 * App Service has a public address, so it sees each visitor's public address. Source: App Service, access
 * restrictions.
 */
function clientsReachWebApps(read: Read): Problem[] {
  const ranges = namedRanges(read).filter(({ list }) => list === "clientRanges");
  const webApps = listAt(read, "webApps");
  if (webApps.length === 0 || ranges.length === 0) return [];
  const special = (cidr: string) => specialNetworks.some((one) => contains(one, cidr));
  if (ranges.some(({ cidr }) => cidr === undefined || isPublic(cidr) || special(cidr))) return [];
  return [
    {
      field: "network.clientRanges",
      sentence:
        "contains only private networks, and App Service sees a visitor's public address; add the public address of these clients.",
    },
  ];
}

/** Vault revokes a lease together with its token, so a longer lease ends early, while it is in use. */
function leasesEndBeforeTheirTokens(read: Read): Problem[] {
  const roles = read(databaseRoles, "databaseRoles");
  return workloadLists.flatMap((list) =>
    entries(read, list).flatMap((index) => {
      const field = list === "webApps" ? "tokenTtl" : "tokenMaxTtl";
      const life = read(
        list === "webApps" ? webApp.shape.tokenTtl : agentVmGroup.shape.tokenMaxTtl,
        list,
        index,
        field,
      );
      return databaseRolesOf(read, list, index).flatMap((role): Problem[] => {
        const lease = roles?.[role]?.maxTtl;
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

function workloadNamesDiffer(read: Read): Problem[] {
  const workloads = workloadLists.flatMap((list) =>
    entries(read, list).map((index) => ({
      field: `${list}[${index}].name`,
      name: read(workload.name, list, index, "name"),
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
    { field: "name", name: read(environmentName, "name") },
    ...entries(read, "webApps").map((index) => ({
      field: `webApps[${index}].name`,
      name: read(workload.name, "webApps", index, "name"),
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
  const roles = read(databaseRoles, "databaseRoles") ?? read(anyRecord, "databaseRoles");
  const keys =
    read(transitKeys, "transitKeys") ??
    read(z.array(z.unknown()), "transitKeys")?.filter((key) => typeof key === "string");
  // The check for misspelt paths does not depend on the edition.
  const edition = read(vault.unwrap().shape.edition, "vault", "edition") ?? "enterprise";
  if (roles === undefined || keys === undefined) return [];
  const known = policyPaths({ databaseRoles: roles, transitKeys: keys, vault: { edition } });
  const withTransform = policyPaths({
    databaseRoles: roles,
    transitKeys: keys,
    vault: { edition: "enterprise" },
  });
  return workloadLists.flatMap((list) =>
    entries(read, list).flatMap((index) => {
      const role = read(webApp.shape.databaseRole, list, index, "databaseRole");
      const paths = listAt(read, list, index, "paths");
      const problems: Problem[] = paths.flatMap((path, position) => {
        if (typeof path !== "string" || known.has(path)) return [];
        const sentence = withTransform.has(path)
          ? `${excerpt(path)} needs Vault Enterprise; set vault.edition to enterprise, or use a transit path.`
          : `${excerpt(path)} is not a Vault path for workloads; choose from ${choices([...known.keys()])}.`;
        return [{ field: `${list}[${index}].paths[${position}]`, sentence }];
      });
      if (role !== undefined && !Object.hasOwn(roles, role)) {
        const names = Object.keys(roles);
        problems.push({
          field: `${list}[${index}].databaseRole`,
          sentence: `"${role}" is not a database role; ${names.length > 0 ? `choose from ${choices(names)}, or ` : ""}add it to databaseRoles.`,
        });
      }
      return problems;
    }),
  );
}
