import * as ipaddr from "ipaddr.js";
import { z } from "zod";
import { usableAddresses } from "../../environments/addresses";
import { UserError } from "../../lib/processes/user-error";
import type { EvaluatedSystem, Resource } from "../../lib/synthesized/evaluated-system";

/** Azure reserves a subnet's first four addresses and the last. Source: Azure, virtual network FAQ. */
const firstAddress = 4;

/**
 * Returns the private address of a network interface, a load balancer, a MySQL server or a web app. Each subnet
 * starts at .4, in deployment order. So every run gives each resource the same address, and MySQL, alone in its
 * subnet, always has .4.
 */
export function privateAddress(resource: Resource): string {
  const { deployment } = resource.stack;
  const addresses = deployment.once("private addresses", () => assignAddresses(deployment));
  const address = addresses.get(resource.title);
  if (address === undefined) throw new UserError(`${resource.title} has no address in a subnet.`);
  return address;
}

/** Returns a network interface's subnet. */
export function subnetOf(networkInterface: Resource): Resource {
  return networkInterface.stack.deployment.resourceWithId("azurerm_subnet", subnetIdOf(networkInterface));
}

/** The subnet of each resource with an address, by type. Servers get their addresses first. */
const subnetIds: Readonly<Record<string, (resource: Resource) => string>> = {
  azurerm_mysql_flexible_server: (server) =>
    server.read({ delegated_subnet_id: z.string() }).delegated_subnet_id,
  azurerm_network_interface: subnetIdOf,
  azurerm_linux_web_app: (site) =>
    site.read({ virtual_network_subnet_id: z.string() }).virtual_network_subnet_id,
  azurerm_lb: (balancer) =>
    balancer.read({ frontend_ip_configuration: z.tuple([z.object({ subnet_id: z.string() })]) })
      .frontend_ip_configuration[0].subnet_id,
};

function assignAddresses(deployment: EvaluatedSystem): ReadonlyMap<string, string> {
  const users = Object.entries(subnetIds).flatMap(([type, subnetId]) =>
    deployment.resources(type).map((resource) => ({ title: resource.title, subnetId: subnetId(resource) })),
  );
  return new Map(
    users.map(({ title, subnetId }, index) => {
      const before = users.slice(0, index).filter((other) => other.subnetId === subnetId).length;
      return [title, addressIn(deployment.resourceWithId("azurerm_subnet", subnetId), before)];
    }),
  );
}

function subnetIdOf(networkInterface: Resource): string {
  const { ip_configuration } = networkInterface.read({
    ip_configuration: z.tuple([
      z.object({ subnet_id: z.string(), private_ip_address_allocation: z.literal("Dynamic") }),
    ]),
  });
  return ip_configuration[0].subnet_id;
}

function addressIn(subnet: Resource, position: number): string {
  const { name, address_prefixes } = subnet.read({
    name: z.string(),
    address_prefixes: z.tuple([z.string()]),
  });
  const [prefix] = address_prefixes;
  if (position >= usableAddresses(prefix)) {
    throw new UserError(`The subnet ${name} (${prefix}) has no free address. Make it larger.`);
  }
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parseCIDR(prefix)[0].octets;
  const number = c * 256 + d + firstAddress + position;
  return [a, b + (number >> 16), (number >> 8) & 255, number & 255].join(".");
}
