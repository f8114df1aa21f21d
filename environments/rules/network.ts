import { z } from "zod";
import { contains, isPublic, overlap, prefixLength, usableAddresses } from "./addresses";
import type { Problem, Read } from "./problem";
import { environmentSchema } from "./schema";

const shape = environmentSchema.shape;
const network = shape.network.shape;
const subnets = network.subnets.unwrap().shape;
const range = network.sshRanges.unwrap().element.shape;
const plan = shape.webAppPlan.unwrap().shape;
const agentCount = shape.agentVms.unwrap().element.shape.count;
const anyList = z.array(z.unknown());
const rangeLists = ["deployerRanges", "clientRanges", "sshRanges"] as const;

/** Networks that a virtual network or a visitor can never have. Source: Azure, virtual network FAQ. */
const specialNetworks = [
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "168.63.129.16/32",
  "224.0.0.0/4",
  "255.255.255.255/32",
];

/** Rules for addresses, access and network names. */
export function networkRules(read: Read): Problem[] {
  return [
    ...addressSpaceIsUsable(read),
    ...subnetsFit(read),
    ...machinesFit(read),
    ...sourcesAreNamed(read),
    ...sourcesDiffer(read),
    ...deployersReachKeyVault(read),
    ...clientsReachWebApps(read),
    ...somebodyMayUseSsh(read),
    ...zoneHidesNobody(read),
  ];
}

function addressSpaceIsUsable(read: Read): Problem[] {
  const space = read(network.addressSpace, "network", "addressSpace");
  const special = specialNetworks.find((one) => space !== undefined && overlap(space, one));
  return special === undefined
    ? []
    : [
        {
          field: "network.addressSpace",
          sentence: `${space} overlaps ${special}, which Azure reserves for other purposes; choose private addresses, such as 10.20.0.0/16.`,
        },
      ];
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
        sentence: `${cidr} is outside network.addressSpace (${space}); choose a part of it.`,
      });
    }
    for (const other of earlier.filter((one) => overlap(one.cidr, cidr))) {
      problems.push({
        field,
        sentence: `${cidr} overlaps network.subnets.${other.name} (${other.cidr}); give each subnet its own addresses.`,
      });
    }
    const longest = name === "webApp" ? 28 : 29;
    if (prefixLength(cidr) > longest) {
      problems.push({
        field,
        sentence: `${cidr} is too small for Azure; choose a /${longest} or larger here.`,
      });
    }
    earlier.push({ name, cidr });
  }
  return problems;
}

/** Each agent VM and each worker of the plan needs an address. */
function machinesFit(read: Read): Problem[] {
  const counts = (read(anyList, "agentVms") ?? []).map(
    (_, index) => read(agentCount, "agentVms", index, "count") ?? 0,
  );
  const needs = [
    { name: "agents", machines: counts.reduce((sum, count) => sum + count, 0), kind: "VMs (agentVms)" },
    {
      name: "webApp",
      machines: read(plan.workers, "webAppPlan", "workers") ?? 0,
      kind: "workers (webAppPlan.workers)",
    },
  ] as const;
  return needs.flatMap(({ name, machines, kind }) => {
    const cidr = read(subnets[name], "network", "subnets", name);
    if (cidr === undefined || usableAddresses(cidr) < 1 || machines <= usableAddresses(cidr)) return [];
    return [
      {
        field: `network.subnets.${name}`,
        sentence: `${cidr} has ${usableAddresses(cidr)} addresses for ${machines} ${kind}; choose a larger network, or fewer of them.`,
      },
    ];
  });
}

/** Networks larger than /8 count as any source: 0.0.0.0/1 and 128.0.0.0/1 together are the whole internet. */
function sourcesAreNamed(read: Read): Problem[] {
  const anyAllowed = read(network.allowAnySource, "network", "allowAnySource") ?? false;
  return namedRanges(read).flatMap(({ field, cidr }): Problem[] => {
    if (cidr === undefined) return [];
    if (prefixLength(cidr) < 8) {
      return anyAllowed
        ? []
        : [
            {
              field: `${field}.cidr`,
              sentence: `${cidr} admits (nearly) any address; name the networks that need access, or set network.allowAnySource to true if this is meant.`,
            },
          ];
    }
    return specialNetworks.some((special) => contains(special, cidr))
      ? [
          {
            field: `${field}.cidr`,
            sentence: `${cidr} is not an address of a client network; name a network that connects.`,
          },
        ]
      : [];
  });
}

/** Firewalls need unique networks, and some use the range's name as a unique name. */
function sourcesDiffer(read: Read): Problem[] {
  const names = new Map<string, string>();
  const networks = new Map<string, string>();
  return namedRanges(read).flatMap(({ list, field, name, cidr }) => {
    const problems: Problem[] = [];
    const taken = name === undefined ? undefined : names.get(name);
    if (taken) {
      problems.push({
        field: `${field}.name`,
        sentence: `"${name}" is the name of ${taken} already, and each range needs its own name; choose another.`,
      });
    } else if (name !== undefined) names.set(name, field);
    const opening = `${list === "sshRanges" ? "SSH" : "Vault"} ${cidr}`;
    const earlier = networks.get(opening);
    if (cidr !== undefined && earlier) {
      problems.push({
        field: `${field}.cidr`,
        sentence: `${cidr} is already admitted by ${earlier}; remove this entry.`,
      });
    } else networks.set(opening, field);
    return problems;
  });
}

/** Key Vault's firewall refuses private ranges. Source: Key Vault, network security. */
function deployersReachKeyVault(read: Read): Problem[] {
  const ranges = namedRanges(read).filter(({ list }) => list === "deployerRanges");
  const subnets = read(anyList, "network", "deployerSubnets") ?? [];
  if (
    ranges.length === 0 ||
    subnets.length > 0 ||
    ranges.some(({ cidr }) => cidr === undefined || isPublic(cidr))
  )
    return [];
  return [
    {
      field: "network.deployerRanges",
      sentence:
        "contains only private networks, and Key Vault's firewall accepts only public ones; add the public address from which you deploy, or name its subnet in network.deployerSubnets.",
    },
  ];
}

/**
 * App Service has a public address, so it sees each visitor's public address. Source: App Service, access
 * restrictions.
 */
function clientsReachWebApps(read: Read): Problem[] {
  const ranges = namedRanges(read).filter(({ list }) => list === "clientRanges");
  const webApps = read(anyList, "webApps") ?? [];
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

/** The VMs have no passwords and no personal keys. Without administrators nobody could use an open port. */
function somebodyMayUseSsh(read: Read): Problem[] {
  const opened = read(anyList, "network", "sshRanges") ?? [];
  const administrators = read(anyList, "network", "sshAdministrators") ?? [];
  if (opened.length === 0 || administrators.length > 0) return [];
  return [
    {
      field: "network.sshRanges",
      sentence:
        "opens port 22, but nobody may log in; name a person in network.sshAdministrators, or remove the ranges.",
    },
  ];
}

/**
 * A private zone hides the public zone of the same name from the virtual network, with all names that the VMs need
 * there.
 */
function zoneHidesNobody(read: Read): Problem[] {
  const zone = read(network.privateDnsZone, "network", "privateDnsZone");
  const needed = [
    "azure.com",
    "azure.net",
    "windows.net",
    "microsoftonline.com",
    "microsoft.com",
    "hashicorp.com",
    "ubuntu.com",
  ];
  const hidden = needed.find((domain) => zone !== undefined && `.${zone}`.endsWith(`.${domain}`));
  if (hidden === undefined) return [];
  return [
    {
      field: "network.privateDnsZone",
      sentence: `${zone} would hide names of ${hidden} that the system needs; choose your own zone, such as demo.internal.`,
    },
  ];
}

function namedRanges(read: Read) {
  return rangeLists.flatMap((list) =>
    (read(anyList, "network", list) ?? []).map((_, index) => ({
      list,
      field: `network.${list}[${index}]`,
      name: read(range.name, "network", list, index, "name"),
      cidr: read(range.cidr, "network", list, index, "cidr"),
    })),
  );
}
