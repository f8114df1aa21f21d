import { halves, isPublic, overlap, usableAddresses } from "../../environments/addresses";
import type { Environment } from "../../environments/schema";
import { refusedDirections } from "../refused-directions";
import { asObject, type Block, type SynthesizedStack } from "../synthesis";
import { environments, systems } from "./environments";
import { explained } from "./references";

const names = [...environments.keys()];
const environment = (name: string) => environments.get(name) as Environment;
const stacksOf = (name: string) => [...(systems.get(name)?.values() ?? [])];
const hasEndpoints = (name: string) => environment(name).network.subnets.privateEndpoints !== undefined;
const withEndpoints = names.filter(hasEndpoints);

/** Services with a firewall for their contents: subresource and firewall by type. */
const services = {
  azurerm_key_vault: ["vault", "network_acls"],
  azurerm_storage_account: ["blob", "network_rules"],
} as const;
const isService = (type: string): type is keyof typeof services => type in services;
const servicesIn = (stack: SynthesizedStack) => stack.resources().filter(({ type }) => isService(type));
const firewallOf = ({ type, attributes }: Block) =>
  asObject(isService(type) ? attributes[services[type][1]] : undefined) as {
    ip_rules: string[];
    virtual_network_subnet_ids: string[];
  };
const isClosed = (service: Block) => service.get("public_network_access_enabled") === false;

const endpointOf = (stack: SynthesizedStack, service: Block): Block | undefined =>
  stack
    .resources("azurerm_private_endpoint")
    .find(
      (endpoint) =>
        asObject(endpoint.get("private_service_connection"))["private_connection_resource_id"] ===
        service.ref("id"),
    );

it("Both kinds of environments are tested: with private endpoints and without", () => {
  expect(withEndpoints).toEqual(["everything", "private"]);
});

describe("Without the setting", () => {
  it.each(names.filter((name) => !hasEndpoints(name)))("%s: nothing of it exists", (name) => {
    const all = stacksOf(name).flatMap((stack) => stack.resources());
    expect(all.filter(({ type }) => type === "azurerm_private_endpoint")).toEqual([]);
    expect(all.filter((one) => String(one.get("name")).startsWith("privatelink."))).toEqual([]);
    expect(all.filter(({ attributes }) => "public_network_access_enabled" in attributes)).toEqual(
      all.filter(({ type }) => type === "azurerm_managed_disk"),
    );
  });
});

describe("With the setting", () => {
  it.each(withEndpoints)("%s: each Key Vault and storage account has one private endpoint", (name) => {
    const stacks = systems.get(name) ?? new Map();
    const said = (stack: SynthesizedStack, value: unknown) => explained(stacks, stack, value);
    const found = stacksOf(name).flatMap((stack) =>
      servicesIn(stack).map((service) => {
        const endpoint = endpointOf(stack, service);
        const [zone] = asObject(endpoint?.get("private_dns_zone_group"))["private_dns_zone_ids"] as string[];
        return [
          service.path,
          asObject(endpoint?.get("private_service_connection"))["subresource_names"],
          said(stack, endpoint?.get("subnet_id")),
          said(stack, zone),
        ];
      }),
    );
    const subnet = (key: string) => `{azurerm_subnet network/network/${key}/subnet id}`;
    const [shared, restricted] = [subnet("privateEndpoints"), subnet("restrictedEndpoints")];
    const zone = (part: string) => `{azurerm_private_dns_zone network/${part}-endpoint-dns/zone id}`;
    expect(found.sort()).toEqual([
      ["agent-vm/package-store/account", ["blob"], shared, zone("blob")],
      ["vault-server/key-vault/vault", ["vault"], shared, zone("vault")],
      ["vault-server/recovery-key-vault/vault", ["vault"], restricted, zone("vault")],
      ["vault-server/snapshots/account", ["blob"], restricted, zone("blob")],
    ]);
    const endpoints = stacksOf(name).flatMap((stack) => stack.resources("azurerm_private_endpoint"));
    expect(endpoints).toHaveLength(found.length);
  });

  it.each(withEndpoints)("%s: no firewall admits an own subnet", (name) => {
    const runners = environment(name).network.deployerSubnets.map(({ id }) => id);
    for (const service of stacksOf(name).flatMap(servicesIn)) {
      const snapshots = service.path === "vault-server/snapshots/account";
      expect([service.path, firewallOf(service).virtual_network_subnet_ids]).toEqual([
        service.path,
        snapshots ? [] : runners,
      ]);
    }
  });

  it.each(withEndpoints)("%s: a service has a public address only for deployers who need it", (name) => {
    for (const service of stacksOf(name).flatMap(servicesIn)) {
      const { ip_rules, virtual_network_subnet_ids } = firewallOf(service);
      const admits = ip_rules.length + virtual_network_subnet_ids.length > 0;
      expect([service.path, isClosed(service)]).toEqual([service.path, !admits]);
    }
  });

  it("private: no Key Vault and no storage account has a public address", () => {
    const { deployerRanges, deployerSubnets } = environment("private").network;
    expect([...deployerRanges.filter(({ cidr }) => isPublic(cidr)), ...deployerSubnets]).toEqual([]);
    const all = stacksOf("private").flatMap(servicesIn);
    expect(all).toHaveLength(4);
    expect(all.filter((service) => !isClosed(service)).map(({ path }) => path)).toEqual([]);
  });

  it.each(withEndpoints)("%s: the snapshots have no public address", (name) => {
    const account = systems
      .get(name)
      ?.get("vault-server")
      ?.only("azurerm_storage_account", "snapshots/account");
    expect(account && isClosed(account)).toBe(true);
  });

  it.each(withEndpoints)(
    "%s: whoever works inside a service waits for its endpoint, because there may be no other way in",
    (name) => {
      const waiting = stacksOf(name).flatMap((stack) =>
        stack.resources().flatMap((one) => {
          const wanted = insideOf(stack, one).map((service) => {
            const endpoint = endpointOf(stack, service);
            return `azurerm_private_endpoint.${endpoint?.id}`;
          });
          if (wanted.length === 0) return [];
          expect([one.path, one.get("depends_on")]).toEqual([one.path, expect.arrayContaining(wanted)]);
          return [one.type];
        }),
      );
      // Otherwise the check would find nothing to check.
      const types = ["azurerm_key_vault_key", "azurerm_linux_virtual_machine", "terraform_data"];
      expect([...new Set(waiting)]).toEqual(expect.arrayContaining(types));
    },
  );

  /** Who may connect to a subnet's addresses, by direction of the rule: `10.40.1.0/24 on 443`. */
  function callersOf(name: string, key: string): Record<"Inbound" | "Outbound", string[]> {
    const stack = systems.get(name)?.get("network") as SynthesizedStack;
    const [cidr = ""] = stack.only("azurerm_subnet", `/${key}/subnet`).get("address_prefixes") as string[];
    const allowed = stack
      .resources("azurerm_network_security_rule")
      .filter(
        (rule) => rule.get("access") === "Allow" && includes(rule.get("destination_address_prefix"), cidr),
      );
    const callers = (direction: string) =>
      allowed
        .filter((rule) => rule.get("direction") === direction)
        .flatMap(({ attributes: rule }) => {
          const sources = rule["source_address_prefixes"] ?? [rule["source_address_prefix"]];
          const ports = (rule["destination_port_ranges"] as string[]).join();
          return (sources as string[]).map((source) => `${source} on ${ports}`);
        })
        .sort();
    return { Inbound: callers("Inbound"), Outbound: callers("Outbound") };
  }

  /** Azure's tag Internet has public addresses only. Every other tag here names a service of Azure. */
  const includes = (destination: unknown, cidr: string) =>
    ["*", "VirtualNetwork"].includes(String(destination)) ||
    (/^\d/.test(String(destination)) && overlap(String(destination), cidr));

  const on443 = (cidrs: readonly string[]) => cidrs.map((cidr) => `${cidr} on 443`).sort();
  const privateDeployers = (name: string) =>
    environment(name)
      .network.deployerRanges.map(({ cidr }) => cidr)
      .filter((cidr) => !isPublic(cidr));

  it.each(withEndpoints)("%s: Vault, workloads and private deployers reach the first half", (name) => {
    const { vault, webApp, agents } = environment(name).network.subnets;
    expect(callersOf(name, "privateEndpoints")).toEqual({
      Inbound: on443([vault, webApp, agents, ...privateDeployers(name)]),
      Outbound: on443([vault, webApp, agents]),
    });
  });

  it.each(withEndpoints)(
    "%s: only Vault and private deployers reach the second half, with recovery keys and snapshots",
    (name) => {
      const { vault } = environment(name).network.subnets;
      expect(privateDeployers(name)).not.toEqual([]);
      expect(callersOf(name, "restrictedEndpoints")).toEqual({
        Inbound: on443([vault, ...privateDeployers(name)]),
        Outbound: on443([vault]),
      });
    },
  );

  it.each(withEndpoints)("%s: both halves refuse everything else in both directions", (name) => {
    const stack = systems.get(name)?.get("network") as SynthesizedStack;
    const refusals = ["privateEndpoints", "restrictedEndpoints"].map((key) => refusedDirections(stack, key));
    expect(refusals).toEqual([
      ["Inbound", "Outbound"],
      ["Inbound", "Outbound"],
    ]);
  });

  it.each(withEndpoints)(
    "%s: the halves are the setting's range, each with addresses for two endpoints",
    (name) => {
      const stack = systems.get(name)?.get("network") as SynthesizedStack;
      const cidrs = ["privateEndpoints", "restrictedEndpoints"].flatMap(
        (key) => stack.only("azurerm_subnet", `/${key}/subnet`).get("address_prefixes") as string[],
      );
      expect(cidrs).toEqual(halves(environment(name).network.subnets.privateEndpoints ?? ""));
      for (const cidr of cidrs) expect(usableAddresses(cidr)).toBeGreaterThanOrEqual(2);
    },
  );
});

/** The services of the same stack in whose contents a resource works, at its creation or at its first start. */
function insideOf(stack: SynthesizedStack, { type, path, attributes }: Block): Block[] {
  if (type === "azurerm_linux_virtual_machine") return servicesIn(stack);
  if (path === "agent-vm/package-store/push") return servicesIn(stack);
  if (!type.startsWith("azurerm_key_vault_")) return [];
  return servicesIn(stack).filter((service) => attributes["key_vault_id"] === service.ref("id"));
}
