import { z } from "zod";
import { cidr, contains, overlap, prefixLength } from "../addresses";
import { azureClouds } from "../azure-clouds";
import type { Problem } from "../problem";
import type { Read } from "../read";
import { networkAccess } from "./network-access";
import { specialNetworks } from "./special-networks";

export const subnets = z.strictObject({
  vault: cidr.default("10.20.1.0/24").describe("Vault's nodes."),
  mysql: cidr.default("10.20.2.0/24").describe("Delegated to MySQL Flexible Server. At least a /29."),
  webApp: cidr
    .default("10.20.3.0/24")
    .describe("Delegated to App Service. At least a /28. Vault binds the web apps' tokens to it."),
  agents: cidr.default("10.20.4.0/24").describe("VMs that run Vault Agent."),
  privateEndpoints: cidr
    .optional()
    .describe(
      "Addresses for private endpoints of the Key Vaults and the storage accounts. At least a /28. Each half becomes a subnet, and workloads reach only the first one. An environment without this range has no private endpoints, and its subnets use service endpoints.",
    ),
});

export const network = z
  .strictObject({
    addressSpace: cidr
      .default("10.20.0.0/16")
      .describe("The virtual network's address space. It contains the subnets."),
    subnets: subnets.prefault({}).describe("The subnets."),
    ...networkAccess,
    privateDnsZone: z
      .string()
      .regex(
        /^(?=.{1,57}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/,
        "is not a DNS zone; write at least two labels of lower-case letters, digits and hyphens, such as demo.internal, 57 characters at most.",
      )
      .optional()
      .describe("Private DNS zone in which Vault's name is `vault`. Default: `<name>.internal`."),
  })
  .describe("Addresses and access.");

/** Rules for addresses and names in the network. */
export function networkRules(read: Read): Problem[] {
  return [...addressSpaceIsUsable(read), ...subnetsFit(read), ...zoneHidesNobody(read)];
}

function addressSpaceIsUsable(read: Read): Problem[] {
  const space = read(network.shape.addressSpace, "network", "addressSpace");
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
  const space = read(network.shape.addressSpace, "network", "addressSpace");
  const problems: Problem[] = [];
  const earlier: { name: string; cidr: string }[] = [];
  for (const name of ["vault", "mysql", "webApp", "agents", "privateEndpoints"] as const) {
    const cidr = read(subnets.shape[name], "network", "subnets", name);
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
    // Each half of the private endpoints' range is a subnet, and Azure has none smaller than a /29.
    const longest = name === "webApp" || name === "privateEndpoints" ? 28 : 29;
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

/**
 * A private zone hides the public zone of the same name from the virtual network, with all names that the VMs need
 * there.
 */
function zoneHidesNobody(read: Read): Problem[] {
  const zone = read(network.shape.privateDnsZone, "network", "privateDnsZone");
  const needed = [
    ...Object.values(azureClouds).flatMap(({ domains }) => domains),
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
