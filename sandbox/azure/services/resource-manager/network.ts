import * as ipaddr from "ipaddr.js";
import { type Fields, list, propertiesOf, text, valueAt } from "../../model/fields";
import { sameId } from "../../model/resource-id";
import type { ResourceStore } from "../../model/resource-store";
import type { ArmResource } from "../../model/world";
import { Refusal } from "../../server/refusal";
import { guidFor } from "./managed-identities";
import type { ResourceType, ResourceTypes, Writing } from "./resource-type";

const interfaceType = "Microsoft.Network/networkInterfaces";
const subnetType = "Microsoft.Network/virtualNetworks/subnets";

export const networkTypes: ResourceTypes = {
  "microsoft.network/virtualnetworks": {
    parts: { subnets: "subnets" },
    defaults: () => ({ properties: { dhcpOptions: { dnsServers: [] }, enableDdosProtection: false } }),
    computed: ({ id }) => ({ etag: etag(), properties: { resourceGuid: guidFor(id) } }),
  },
  "microsoft.network/virtualnetworks/subnets": {
    defaults: () => ({
      properties: {
        privateEndpointNetworkPolicies: "Disabled",
        privateLinkServiceNetworkPolicies: "Enabled",
      },
    }),
    computed: ({ sent, id, existing }) => {
      const { delegations, serviceEndpoints } = propertiesOf(sent);
      const { serviceAssociationLinks } = propertiesOf(existing);
      return {
        etag: etag(),
        properties: {
          serviceAssociationLinks,
          ...(delegations !== undefined && {
            delegations: list(delegations).map((one) => ({ ...one, id: `${id}/delegations/${one["name"]}` })),
          }),
          ...(serviceEndpoints !== undefined && {
            serviceEndpoints: list(serviceEndpoints).map((one) => ({
              locations: ["*"],
              provisioningState: "Succeeded",
              ...one,
            })),
          }),
        },
      };
    },
    check: subnetFits,
    checkDelete: ({ store }, subnet) => {
      const user =
        subnetUsers(store, subnet.id)[0] ?? list(propertiesOf(subnet)["serviceAssociationLinks"])[0];
      if (user) throw inUse("InUseSubnetCannotBeDeleted", `Subnet ${subnet.name}`, String(user.id));
    },
  },
  "microsoft.network/networksecuritygroups": {
    parts: { securityRules: "securityRules" },
    computed: ({ id }) => ({
      etag: etag(),
      properties: { resourceGuid: guidFor(id), defaultSecurityRules: [] },
    }),
    checkDelete: notOfSubnet("networkSecurityGroup", "NetworkSecurityGroup", "Network security group"),
  },
  "microsoft.network/networksecuritygroups/securityrules": { check: priorityIsFree },
  "microsoft.network/publicipaddresses": {
    defaults: () => ({ properties: { publicIPAddressVersion: "IPv4", idleTimeoutInMinutes: 4, ipTags: [] } }),
    computed: ({ sent, existing, store }) => {
      const label = text(valueAt(sent, "properties.dnsSettings.domainNameLabel"));
      return {
        etag: etag(),
        properties: {
          ipAddress: propertiesOf(existing)["ipAddress"] ?? publicAddress(store),
          ...(label && { dnsSettings: { fqdn: `${label}.${sent.location}.cloudapp.azure.com` } }),
        },
      };
    },
    checkDelete: ({ store }, address) => {
      const user = store.all.find((one) => JSON.stringify(one.properties ?? {}).includes(`"${address.id}"`));
      if (user) throw inUse("PublicIPAddressCannotBeDeleted", `Public IP address ${address.id}`, user.id);
    },
  },
  "microsoft.network/natgateways": {
    defaults: () => ({ properties: { idleTimeoutInMinutes: 4 } }),
    computed: ({ id }) => ({ etag: etag(), properties: { resourceGuid: guidFor(id) } }),
    checkDelete: notOfSubnet("natGateway", "NatGateway", "NAT gateway"),
  },
  [interfaceType.toLowerCase()]: {
    defaults: () => ({
      properties: {
        enableAcceleratedNetworking: false,
        enableIPForwarding: false,
        dnsSettings: { dnsServers: [] },
      },
    }),
    computed: (writing) => ({ etag: etag(), properties: interfaceFields(writing) }),
    checkDelete: ({ store }, card) => {
      const user = store
        .ofType("Microsoft.Compute/virtualMachines")
        .find(({ properties }) => JSON.stringify(properties?.["networkProfile"] ?? {}).includes(card.id));
      if (user) throw inUse("NicInUse", `Network interface ${card.name}`, user.id);
    },
  },
  "microsoft.network/privatednszones": {
    computed: () => ({
      location: "global",
      etag: etag(),
      properties: {
        maxNumberOfRecordSets: 25000,
        maxNumberOfVirtualNetworkLinks: 1000,
        numberOfRecordSets: 1,
      },
    }),
    checkDelete: ({ store }, zone) => {
      const [user] = store.children(zone.id, "virtualNetworkLinks");
      if (user) throw inUse("CannotDeleteResource", `Private DNS zone ${zone.name}`, user.id);
    },
  },
  "microsoft.network/privatednszones/virtualnetworklinks": {
    defaults: () => ({ properties: { resolutionPolicy: "Default" } }),
    computed: () => ({
      location: "global",
      etag: etag(),
      properties: { virtualNetworkLinkState: "Completed" },
    }),
  },
  "microsoft.network/privatednszones/a": {
    computed: ({ id, target }) => ({
      etag: etag(),
      properties: { fqdn: `${target.name}.${id.split("/").at(-3)}.`, isAutoRegistered: false },
    }),
  },
  "microsoft.network/privatednszones/soa": {
    implicit: (_, zone) => ({
      properties: {
        ttl: 3600,
        fqdn: `${zone.name}.`,
        isAutoRegistered: false,
        soaRecord: {
          email: "azureprivatedns-host.microsoft.com",
          expireTime: 2419200,
          host: "azureprivatedns.net",
          minimumTtl: 10,
          refreshTime: 3600,
          retryTime: 300,
          serialNumber: 1,
        },
      },
    }),
  },
};

/** Returns the first private address of a network interface. */
export function interfaceAddress(card: ArmResource): string | undefined {
  const [first] = list(propertiesOf(card)["ipConfigurations"]);
  return text(valueAt(first, "properties.privateIPAddress"));
}

/** A deleted service releases its subnet some time later. Source: azurerm issues 15032, 28979 and 30011. */
export function holdSubnet(store: ResourceStore, subnetId: string): void {
  const show = (links: Fields[] | undefined): void => {
    const subnet = store.get(subnetId);
    if (subnet)
      store.put({ ...subnet, properties: { ...subnet.properties, serviceAssociationLinks: links } });
  };
  if (store.subnetsHeldMs === 0) return;
  show([{ id: `${subnetId}/serviceAssociationLinks/link`, name: "link" }]);
  setTimeout(() => show(undefined), store.subnetsHeldMs).unref();
}

/** Returns resources that have an address in a subnet or are integrated with it. */
function subnetUsers(store: ResourceStore, subnetId: string): ArmResource[] {
  const users = [
    "Microsoft.DBforMySQL/flexibleServers",
    "Microsoft.Web/sites",
    "Microsoft.Network/loadBalancers",
    "Microsoft.Network/privateEndpoints",
    interfaceType,
  ];
  return users
    .flatMap((type) => store.ofType(type))
    .filter(({ properties }) =>
      JSON.stringify(properties ?? {})
        .toLowerCase()
        .includes(`"${subnetId.toLowerCase()}"`),
    );
}

/** Returns a free address. Azure reserves a subnet's first four. Source: Azure, virtual network FAQ. */
export function freeAddress(store: ResourceStore, subnetId: string, taken: readonly string[] = []): string {
  const subnet = store.get(subnetId);
  const [prefix] = prefixesOf(subnet);
  if (!subnet || prefix === undefined)
    throw new Refusal(404, "InvalidResourceReference", `The subnet ${subnetId} was not found.`);
  const used = new Set([
    ...taken,
    ...store.all.flatMap(({ properties }) =>
      [...JSON.stringify(properties ?? {}).matchAll(/"privateIPAddress":"([^"]+)"/g)].map(
        ([, address]) => address,
      ),
    ),
    ...store.all.flatMap(({ properties }) => text(properties?.["sandboxAddress"]) ?? []),
  ]);
  const [start, length] = ipaddr.IPv4.parseCIDR(prefix);
  const first = start.octets.reduce((sum, octet) => sum * 256 + octet, 0);
  for (let number = first + 4; number < first + 2 ** (32 - length) - 1; number++) {
    const address = [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
    if (!used.has(address)) return address;
  }
  throw new Refusal(
    400,
    "SubnetIsFull",
    `Subnet ${subnet.name} with address prefix ${prefix} is already full.`,
  );
}

function interfaceFields({ sent, existing, store, id }: Writing): Fields {
  const before = list(propertiesOf(existing)["ipConfigurations"]);
  const taken: string[] = [];
  const ipConfigurations = list(propertiesOf(sent)["ipConfigurations"]).map((configuration, index) => {
    const subnetId = String(valueAt(configuration, "properties.subnet.id"));
    const old = before.find(({ name }) => name === configuration["name"]);
    const stays = sameId(String(valueAt(old, "properties.subnet.id")), subnetId);
    const address =
      text(valueAt(configuration, "properties.privateIPAddress")) ??
      (stays ? text(valueAt(old, "properties.privateIPAddress")) : undefined) ??
      freeAddress(store, subnetId, taken);
    taken.push(address);
    return {
      ...configuration,
      id: `${id}/ipConfigurations/${configuration["name"]}`,
      properties: {
        primary: index === 0,
        privateIPAddressVersion: "IPv4",
        ...(configuration["properties"] as Fields),
        privateIPAddress: address,
        provisioningState: "Succeeded",
      },
    };
  });
  const [own] = taken;
  return { ipConfigurations, macAddress: `00-0D-3A-${hexOf(own ?? "")}`, resourceGuid: guidFor(id) };
}

const hexOf = (address: string): string =>
  address
    .split(".")
    .slice(1)
    .map((octet) => Number(octet).toString(16).padStart(2, "0").toUpperCase())
    .join("-");

/** Uses RFC 5737's range in place of internet addresses. */
function publicAddress(store: ResourceStore): string {
  const used = new Set(store.all.map(({ properties }) => properties?.["ipAddress"]));
  for (let last = 1; last < 255; last++) {
    if (!used.has(`198.51.100.${last}`)) return `198.51.100.${last}`;
  }
  throw new Refusal(
    409,
    "PublicIPCountLimitReached",
    "The sandbox cannot create more than 254 public IP addresses.",
  );
}

/** Subnets must be inside the network and must not overlap. Source: Azure's own error codes. */
function subnetFits({ store, id, sent }: Writing): void {
  const network = id.split(/\/subnets\//i)[0] ?? "";
  const own = prefixesOf(sent);
  const space = valueAt(store.get(network), "properties.addressSpace.addressPrefixes");
  const outer = Array.isArray(space) ? space.map(String) : [];
  for (const prefix of own) {
    if (!outer.some((one) => isInside(prefix, one))) {
      throw new Refusal(
        400,
        "NetcfgInvalidSubnet",
        `Subnet '${sent.name}' is not valid because its IP address range is outside the IP address range of virtual network '${network.split("/").at(-1)}'.`,
      );
    }
    const other = store
      .children(network, "subnets")
      .find(
        (subnet) =>
          !sameId(subnet.id, id) &&
          prefixesOf(subnet).some((one) => isInside(one, prefix) || isInside(prefix, one)),
      );
    if (other) {
      throw new Refusal(
        400,
        "NetcfgSubnetRangesOverlap",
        `Subnet '${sent.name}' is not valid because its IP address range overlaps with that of an existing subnet '${other.name}'.`,
      );
    }
  }
}

function prefixesOf(subnet: ArmResource | undefined): string[] {
  const { addressPrefixes: several, addressPrefix } = propertiesOf(subnet);
  const one = text(addressPrefix);
  return Array.isArray(several) && several.length > 0 ? several.map(String) : one ? [one] : [];
}

function isInside(inner: string, outer: string): boolean {
  const [address, length] = ipaddr.IPv4.parseCIDR(inner);
  const range = ipaddr.IPv4.parseCIDR(outer);
  return length >= range[1] && address.match(range);
}

function priorityIsFree({ store, id, sent }: Writing): void {
  const { priority, direction } = propertiesOf(sent);
  const group = id.split(/\/securityRules\//i)[0] ?? "";
  const other = store
    .children(group, "securityRules")
    .find(
      (rule) =>
        !sameId(rule.id, id) &&
        propertiesOf(rule)["priority"] === priority &&
        propertiesOf(rule)["direction"] === direction,
    );
  if (!other) return;
  throw new Refusal(
    400,
    "SecurityRuleConflict",
    `Security rule ${sent.name} conflicts with rule ${other.name}. Rules cannot have the same Priority and Direction.`,
  );
}

/** Refuses the deletion while a subnet refers to the resource. */
function notOfSubnet(property: string, code: string, what: string): ResourceType["checkDelete"] {
  return ({ store }, { id, name }) => {
    const refers = (subnet: ArmResource) => sameId(String(valueAt(subnet, `properties.${property}.id`)), id);
    const user = store.ofType(subnetType).find(refers);
    if (user) throw inUse(`InUse${code}CannotBeDeleted`, `${what} ${name}`, user.id);
  };
}

const inUse = (code: string, what: string, user: string): Refusal =>
  new Refusal(400, code, `${what} is in use by ${user} and cannot be deleted.`);

const etag = (): string => `W/"${crypto.randomUUID()}"`;
