import { interfaceAddress } from "../services/resource-manager/network";
import { type Fields, list, propertiesOf, text, valueAt } from "./fields";
import { sameId } from "./resource-id";
import type { ResourceStore } from "./resource-store";
import type { ArmResource } from "./world";

/** Host names in the virtual network with their private addresses, from Azure's DNS and its public addresses. */
export function hostNames(store: ResourceStore): ReadonlyMap<string, string> {
  return new Map(
    [
      ...store.ofType("Microsoft.Network/privateDnsZones/A").map(recordOf),
      ...store.ofType("Microsoft.Network/publicIPAddresses").map((address) => labelOf(address, store)),
      ...store.ofType("Microsoft.DBforMySQL/flexibleServers").map(serverOf),
    ].filter((entry) => entry !== undefined),
  );
}

type Entry = readonly [name: string, address: string] | undefined;

function recordOf({ properties = {} }: ArmResource): Entry {
  const name = text(properties["fqdn"])?.replace(/\.$/, "");
  const address = text(list(properties["aRecords"])[0]?.["ipv4Address"]);
  return name && address ? [name, address] : undefined;
}

/** Returns the private address of the machine behind a public one. */
function labelOf(address: ArmResource, store: ResourceStore): Entry {
  const name = text(valueAt(address, "properties.dnsSettings.fqdn"));
  const isBehind = (configuration: Fields) =>
    sameId(String(valueAt(configuration, "properties.publicIPAddress.id")), address.id);
  const card = store
    .ofType("Microsoft.Network/networkInterfaces")
    .find((one) => list(propertiesOf(one)["ipConfigurations"]).some(isBehind));
  const own = card && interfaceAddress(card);
  return name && own ? [name, own] : undefined;
}

function serverOf({ properties = {} }: ArmResource): Entry {
  const [name, address] = [text(properties["fullyQualifiedDomainName"]), text(properties["sandboxAddress"])];
  return name && address ? [name, address] : undefined;
}
