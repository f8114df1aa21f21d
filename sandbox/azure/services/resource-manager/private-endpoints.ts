import { type Fields, fields, list, propertiesOf, text, valueAt } from "../../model/fields";
import { sameId } from "../../model/resource-id";
import type { ResourceStore } from "../../model/resource-store";
import type { ArmResource } from "../../model/world";
import { Refusal } from "../../server/refusal";
import { guidFor } from "./managed-identities";
import { freeAddress, interfaceAddress } from "./network";
import type { ResourceTypes, Writing } from "./resource-type";

const endpointType = "Microsoft.Network/privateEndpoints";
const recordType = "Microsoft.Network/privateDnsZones/A";

/**
 * Private endpoints, with the network interface and the DNS records that Azure adds. Source: Azure, REST reference of private endpoints and of private DNS
 * zone groups; azurerm, `private_endpoint_resource.go`.
 */
export const privateEndpointTypes: ResourceTypes = {
  [endpointType.toLowerCase()]: {
    defaults: () => ({ properties: { manualPrivateLinkServiceConnections: [], ipConfigurations: [] } }),
    computed: ({ id, target, sent }) => ({
      properties: {
        networkInterfaces: [{ id: interfaceOf(id, target.name) }],
        privateLinkServiceConnections: connectionsOf(sent).map((connection) => ({
          ...connection,
          id: `${id}/privateLinkServiceConnections/${connection["name"]}`,
          properties: {
            ...fields(connection["properties"]),
            provisioningState: "Succeeded",
            privateLinkServiceConnectionState: { status: "Approved", actionsRequired: "None" },
          },
        })),
      },
    }),
    check: ({ store, sent }) => {
      for (const service of servicesOf(sent)) if (!store.get(service)) throw missing(service);
    },
    written: addInterface,
    deleted: ({ store, id, target }) => store.delete(interfaceOf(id, target.name)),
  },
  [`${endpointType}/privateDnsZoneGroups`.toLowerCase()]: {
    check: ({ store, sent }) => {
      for (const zone of zonesOf(sent)) if (!store.get(zone)) throw missing(zone);
    },
    computed: (writing) => ({
      properties: {
        privateDnsZoneConfigs: list(propertiesOf(writing.sent)["privateDnsZoneConfigs"]).map((config) => ({
          ...config,
          properties: { ...fields(config["properties"]), recordSets: [recordSet(writing, config)] },
        })),
      },
    }),
    written: (writing) => {
      const { name, address } = hostOf(writing);
      for (const zone of zonesOf(writing.sent)) {
        const fqdn = `${name}.${zone.split("/").at(-1)}.`;
        writing.store.put({
          id: `${zone}/A/${name}`,
          name,
          type: recordType,
          properties: { fqdn, ttl: 10, aRecords: [{ ipv4Address: address }], isAutoRegistered: false },
        });
      }
    },
    deleted: (call, group) => {
      for (const zone of zonesOf(group)) call.store.delete(`${zone}/A/${hostOf(call).name}`);
    },
  },
};

/** Returns true if a Key Vault or a storage account has no public address, and no private endpoint either. */
export function isUnreachable({ id, properties }: ArmResource, store: ResourceStore): boolean {
  if (properties?.["publicNetworkAccess"] !== "Disabled") return false;
  return !store.ofType(endpointType).some((one) => servicesOf(one).some((service) => sameId(service, id)));
}

const connectionsOf = (endpoint: ArmResource): Fields[] =>
  list(propertiesOf(endpoint)["privateLinkServiceConnections"]);

/** Ids of the services behind an endpoint. */
const servicesOf = (endpoint: ArmResource): string[] =>
  connectionsOf(endpoint).map((connection) => String(valueAt(connection, "properties.privateLinkServiceId")));

const zonesOf = (group: ArmResource): string[] =>
  list(propertiesOf(group)["privateDnsZoneConfigs"]).map((config) =>
    String(valueAt(config, "properties.privateDnsZoneId")),
  );

/** Azure names the network interface after its endpoint. */
const interfaceOf = (id: string, name: string): string =>
  `${id.split(/\/privateEndpoints\//i)[0]}/networkInterfaces/${name}.nic.${guidFor(id)}`;

function addInterface({ store, id, target, sent }: Writing): void {
  const cardId = interfaceOf(id, target.name);
  if (store.get(cardId)) return;
  const subnetId = String(valueAt(sent, "properties.subnet.id"));
  const properties = { subnet: { id: subnetId }, privateIPAddress: freeAddress(store, subnetId) };
  store.put({
    id: cardId,
    name: cardId.split("/").at(-1) ?? "",
    type: "Microsoft.Network/networkInterfaces",
    location: sent.location,
    properties: { ipConfigurations: [{ name: "privateEndpointIpConfig", properties }] },
  });
}

/** Returns the name of the service behind a zone group's endpoint, and the endpoint's address. */
function hostOf({ store, id }: Pick<Writing, "store" | "id">): { name: string; address: string } {
  const endpoint = store.get(id.split(/\/privateDnsZoneGroups\//i)[0] ?? "");
  const [service = ""] = endpoint ? servicesOf(endpoint) : [];
  const [card] = list(propertiesOf(endpoint)["networkInterfaces"]);
  const found = store.get(text(card?.["id"]) ?? "");
  return { name: service.split("/").at(-1) ?? "", address: (found && interfaceAddress(found)) ?? "" };
}

function recordSet(writing: Writing, config: Fields): Fields {
  const { name, address } = hostOf(writing);
  const zone = String(valueAt(config, "properties.privateDnsZoneId")).split("/").at(-1);
  return {
    recordType: "A",
    recordSetName: name,
    fqdn: `${name}.${zone}`,
    ttl: 10,
    ipAddresses: [address],
    provisioningState: "Succeeded",
  };
}

const missing = (id: string): Refusal =>
  new Refusal(400, "InvalidResourceReference", `Resource ${id} referenced by the request was not found.`);
