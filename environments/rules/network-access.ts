import { z } from "zod";
import { cidr, contains, isPublic, prefixLength } from "../addresses";
import { AZURE_NAME, azureId } from "../azure-id";
import type { Problem } from "../problem";
import { isEmptyAt, listAt, type Read } from "../read";
import { displayName, principal } from "./people";
import { specialNetworks } from "./special-networks";

const namedRange = z.strictObject({
  name: z
    .string()
    .regex(
      /^[a-z](?:[a-z0-9-]{0,28}[a-z0-9])?$/,
      "is not a range name; use 1 to 30 lower-case letters, digits and hyphens, with no hyphen at the end.",
    )
    .describe("Name of the network's owner. The web apps' access restrictions show it."),
  cidr: cidr.describe("The network that may connect."),
});

/** Each list is one security rule. Key Vault's firewall accepts 1000 entries, App Service's restrictions accept 512. */
const rangeList = z.array(namedRange).max(100, "contains more than 100 ranges; join some of them.");

const deployerSubnet = z.strictObject({
  name: displayName.describe(
    "Name of the machines that deploy from the subnet, for the reader of this file.",
  ),
  id: z
    .string()
    .regex(
      azureId(`Microsoft\\.Network/virtualNetworks/${AZURE_NAME}/subnets/${AZURE_NAME}`),
      "is not the Azure id of a subnet; write it as `az network vnet subnet show --query id` does.",
    )
    .describe("The subnet's Azure id."),
});

/** Fields of `network`: who may connect. */
export const networkAccess = {
  deployerRanges: rangeList
    .min(
      1,
      "is empty; name the networks from which people and pipelines deploy, because only these reach Vault and Key Vault.",
    )
    .describe("Networks that reach Vault (8200), the Key Vaults and the web apps' deployment endpoint."),
  deployerSubnets: z
    .array(deployerSubnet)
    .max(100, "contains more than 100 subnets; deploy from fewer.")
    .default([])
    .describe(
      "Azure subnets in the same region from which people and pipelines deploy. From these, the firewalls of Key Vault and storage accounts see no public address. Each subnet needs the service endpoints Microsoft.KeyVault, Microsoft.Storage and Microsoft.Web.",
    ),
  clientRanges: rangeList
    .default([])
    .describe(
      "Further networks that reach Vault (8200) and the web apps. Web apps see only public addresses, so private networks reach only Vault.",
    ),
  sshRanges: rangeList
    .default([])
    .describe("Networks that reach port 22. If the list is empty, the port is closed."),
  sshAdministrators: z
    .array(principal)
    .default([])
    .describe(
      "People who can log in to the VMs with Entra ID, as root. Root on Vault's VM can read Vault's memory.",
    ),
  allowAnySource: z.boolean().default(false).describe("Allows a range of 0.0.0.0/0."),
};

export type NamedRange = z.infer<typeof namedRange>;

/** Rules for the networks that may connect. */
export function networkAccessRules(read: Read): Problem[] {
  return [
    ...sourcesAreNamed(read),
    ...sourcesDiffer(read),
    ...deployersReachWhatTheyDeploy(read),
    ...somebodyMayUseSsh(read),
  ];
}

/** Networks larger than /8 count as any source: 0.0.0.0/1 and 128.0.0.0/1 together are the whole internet. */
function sourcesAreNamed(read: Read): Problem[] {
  const anyAllowed = read(networkAccess.allowAnySource, "network", "allowAnySource") ?? false;
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

/**
 * Key Vault's firewall refuses private ranges. Private endpoints accept them, and App Service's deployment endpoint has no private
 * one here. Source: Key Vault, network security; App Service, access restrictions.
 */
function deployersReachWhatTheyDeploy(read: Read): Problem[] {
  const ranges = namedRanges(read).filter(({ list }) => list === "deployerRanges");
  if (
    ranges.length === 0 ||
    !isEmptyAt(read, "network", "deployerSubnets") ||
    ranges.some(({ cidr }) => cidr === undefined || isPublic(cidr))
  )
    return [];
  const hasPrivateEndpoints = read(z.unknown(), "network", "subnets", "privateEndpoints") !== undefined;
  const webApps = listAt(read, "webApps");
  const cure = "add the public address from which you deploy, or name its subnet in network.deployerSubnets";
  const field = "network.deployerRanges";
  if (!hasPrivateEndpoints) {
    const sentence = `contains only private networks, and Key Vault's firewall accepts only public ones; ${cure}. Without web apps, network.subnets.privateEndpoints is another way.`;
    return [{ field, sentence }];
  }
  if (webApps.length === 0) return [];
  const sentence = `contains only private networks, and the web apps' deployment endpoint accepts only public ones; ${cure}.`;
  return [{ field, sentence }];
}

/** The VMs have no passwords and no personal keys. Without administrators nobody could use an open port. */
function somebodyMayUseSsh(read: Read): Problem[] {
  const opened = listAt(read, "network", "sshRanges");
  if (opened.length === 0 || !isEmptyAt(read, "network", "sshAdministrators")) return [];
  return [
    {
      field: "network.sshRanges",
      sentence:
        "opens port 22, but nobody may log in; name a person in network.sshAdministrators, or remove the ranges.",
    },
  ];
}

/** Returns the networks of the three lists, even if an entry is malformed. */
export function namedRanges(read: Read) {
  return (["deployerRanges", "clientRanges", "sshRanges"] as const).flatMap((list) =>
    listAt(read, "network", list).map((_, index) => ({
      list,
      field: `network.${list}[${index}]`,
      name: read(namedRange.shape.name, "network", list, index, "name"),
      cidr: read(namedRange.shape.cidr, "network", list, index, "cidr"),
    })),
  );
}
