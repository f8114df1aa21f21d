import { SystemNetwork } from "../../../../constructs/azure/network/system-network";
import { loadEnvironment } from "../../../../environments/load";
import type { Environment } from "../../../../environments/schema";
import { refusedDirections } from "../../../refused-directions";
import { securityRules } from "../../../security-rules";
import { changed, synthesizeConstructs } from "../../../synthesis";

const demo = loadEnvironment("demo");
const { vault, mysql, webApp, agents } = demo.network.subnets;

function stackOf(change: (environment: Environment) => void = () => {}) {
  return synthesizeConstructs(
    (scope) =>
      new SystemNetwork(scope, "network", { environment: changed(demo, change), resourceGroup: "rg" }),
  );
}

/** Returns the flows that a subnet's security group allows: `from -> to :ports`. */
function flows(subnet: string, direction: "Inbound" | "Outbound", stack = stackOf()): string[] {
  return securityRules(stack, subnet)
    .filter((rule) => rule.get("direction") === direction && rule.get("access") === "Allow")
    .map(({ attributes: rule }) => {
      const ports = (rule["destination_port_ranges"] as string[]).join(" ");
      const from = rule["source_address_prefix"] ?? (rule["source_address_prefixes"] as string[]).join(" ");
      return `${from} -> ${rule["destination_address_prefix"]} : ${ports}`;
    })
    .sort();
}

describe("SystemNetwork", () => {
  it("lets web apps, agents, other nodes and the named ranges reach Vault on 8200, and nodes each other on 8201", () => {
    const stack = stackOf(({ network }) => {
      network.clientRanges = [{ name: "clients", cidr: "198.51.100.0/24" }];
    });
    expect(flows("vault", "Inbound", stack)).toEqual(
      [
        `${vault} -> ${vault} : 8200 8201`,
        `${webApp} -> ${vault} : 8200`,
        `${agents} -> ${vault} : 8200`,
        `198.51.100.0/24 -> ${vault} : 8200`,
        `203.0.113.0/24 -> ${vault} : 8200`,
      ].sort(),
    );
  });

  it("lets Vault reach its nodes, MySQL, packages and Azure's services", () => {
    expect(flows("vault", "Outbound")).toEqual(
      [
        `${vault} -> ${vault} : 8200 8201`,
        `${vault} -> ${mysql} : 3306`,
        `${vault} -> Internet : 80 443`,
      ].sort(),
    );
  });

  it("lets Vault, web apps, agents, a standby and Azure's probe reach MySQL on 3306", () => {
    expect(flows("mysql", "Inbound")).toEqual(
      [vault, webApp, agents, mysql, "AzureLoadBalancer"].map((from) => `${from} -> ${mysql} : 3306`).sort(),
    );
  });

  it("admits nobody to the web apps' subnet, which is only for outbound traffic", () => {
    expect(flows("webApp", "Inbound")).toEqual([]);
  });

  it("lets web apps reach Vault, MySQL and the Azure services they use, and not the internet", () => {
    expect(flows("webApp", "Outbound")).toEqual(
      [
        `${webApp} -> ${vault} : 8200`,
        `${webApp} -> ${mysql} : 3306`,
        `${webApp} -> AzureActiveDirectory : 443`,
        `${webApp} -> AzureKeyVault : 443`,
        `${webApp} -> AzureMonitor : 443`,
      ].sort(),
    );
  });

  it("admits nobody to the agents' VMs", () => {
    expect(flows("agents", "Inbound")).toEqual([]);
  });

  it("lets agents reach Vault, MySQL, packages and Azure's services", () => {
    expect(flows("agents", "Outbound")).toEqual(
      [
        `${agents} -> ${vault} : 8200`,
        `${agents} -> ${mysql} : 3306`,
        `${agents} -> Internet : 80 443`,
      ].sort(),
    );
  });

  describe("with private endpoints", () => {
    const endpoints = "10.20.5.0/28";
    const [shared, restricted] = ["10.20.5.0/29", "10.20.5.8/29"];
    const withEndpoints = (change: (environment: Environment) => void = () => {}) =>
      stackOf((environment) => {
        environment.network.subnets.privateEndpoints = endpoints;
        change(environment);
      });

    it.each([
      ["privateEndpoints", "Vault, web apps, agents", shared, [vault, webApp, agents]],
      ["restrictedEndpoints", "Vault", restricted, [vault]],
    ])("admits to %s on 443: %s and private deployers, and nobody else", (subnet, _, cidr, own) => {
      const stack = withEndpoints(({ network }) => {
        network.deployerRanges.push({ name: "vpn", cidr: "192.168.0.0/24" });
        network.clientRanges = [{ name: "clients", cidr: "10.99.0.0/16" }];
      });
      expect(flows(subnet, "Inbound", stack)).toEqual(
        [...own, "192.168.0.0/24"].map((from) => `${from} -> ${cidr} : 443`).sort(),
      );
      expect(flows(subnet, "Outbound", stack)).toEqual([]);
      expect(refusedDirections(stack, subnet)).toEqual(["Inbound", "Outbound"]);
    });

    it("opens the way to them from Vault, web apps and agents, because Azure's tags have no private addresses", () => {
      const stack = withEndpoints();
      const added = (subnet: string) => {
        const before = flows(subnet, "Outbound");
        return flows(subnet, "Outbound", stack).filter((flow) => !before.includes(flow));
      };
      expect(added("vault")).toEqual([`${vault} -> ${shared} : 443`, `${vault} -> ${restricted} : 443`]);
      expect(added("webApp")).toEqual([`${webApp} -> ${shared} : 443`]);
      expect(added("agents")).toEqual([`${agents} -> ${shared} : 443`]);
      expect(added("mysql")).toEqual([]);
    });

    it.each([
      ["privateEndpoints", "snet-demo-private-endpoints", shared],
      ["restrictedEndpoints", "snet-demo-restricted-endpoints", restricted],
    ])("applies the rules to %s: the subnet's network policies are enabled", (subnet, name, cidr) => {
      expect(withEndpoints().only("azurerm_subnet", `/${subnet}/subnet`).attributes).toMatchObject({
        name,
        address_prefixes: [cidr],
        private_endpoint_network_policies: "Enabled",
      });
    });

    it("keeps the service endpoints of the other subnets, so that the setting can be removed", () => {
      const serviceEndpoints = (stack: ReturnType<typeof stackOf>) =>
        ["vault", "webApp", "agents"].map((name) =>
          stack.only("azurerm_subnet", `/${name}/subnet`).get("service_endpoints"),
        );
      expect(serviceEndpoints(withEndpoints())).toEqual(serviceEndpoints(stackOf()));
    });

    it("adds resources and changes none", () => {
      const before = stackOf().resources();
      const after = new Map(
        withEndpoints()
          .resources()
          .map((one) => [`${one.type}.${one.id}`, one.attributes]),
      );
      for (const { type, id, attributes } of before)
        expect([id, after.get(`${type}.${id}`)]).toEqual([id, attributes]);
    });
  });

  it("creates one rule for a list of ranges, without the overlaps that Azure refuses", () => {
    const ranges = ["203.0.113.128/25", "198.51.100.0/24", "203.0.113.0/24"];
    const stack = stackOf(({ network }) => {
      network.deployerRanges = ranges.map((cidr, index) => ({ name: `range-${index}`, cidr }));
    });
    expect(flows("vault", "Inbound", stack)).toContain(`198.51.100.0/24 203.0.113.0/24 -> ${vault} : 8200`);
  });

  it("closes port 22 by default", () => {
    const ports = stackOf()
      .resources("azurerm_network_security_rule")
      .flatMap((rule) => rule.get("destination_port_ranges") ?? []);
    expect(ports).not.toContain("22");
  });

  it("opens port 22 of Vault's and the agents' VMs only to the named ranges", () => {
    const stack = stackOf(({ network }) => {
      network.sshRanges = [{ name: "bastion", cidr: "198.51.100.8/29" }];
    });
    expect(flows("vault", "Inbound", stack)).toContain(`198.51.100.8/29 -> ${vault} : 22`);
    expect(flows("agents", "Inbound", stack)).toEqual([`198.51.100.8/29 -> ${agents} : 22`]);
    expect(flows("webApp", "Inbound", stack)).toEqual([]);
    expect(flows("mysql", "Inbound", stack).join()).not.toContain(": 22");
  });

  it.each([
    ["vault", ["Inbound", "Outbound"]],
    // Azure's MySQL service needs its own outbound flows, Storage among them.
    ["mysql", ["Inbound"]],
    ["webApp", ["Inbound", "Outbound"]],
    ["agents", ["Inbound", "Outbound"]],
  ])("refuses everything else in the subnet %s: %j", (subnet, directions) => {
    expect(refusedDirections(stackOf(), subnet)).toEqual(directions);
  });

  it.each([
    ["vault", undefined],
    ["mysql", "Microsoft.DBforMySQL/flexibleServers"],
    ["webApp", "Microsoft.Web/serverFarms"],
    ["agents", undefined],
  ])("delegates the subnet %s to %s", (subnet, service) => {
    const delegation = stackOf().only("azurerm_subnet", `/${subnet}/subnet`).get("delegation");
    expect(delegation).toEqual(
      service && [{ name: "service", service_delegation: expect.objectContaining({ name: service }) }],
    );
  });

  it("disables Azure's implicit outbound address, except in delegated subnets, where the setting does not apply", () => {
    const settings = stackOf()
      .resources("azurerm_subnet")
      .map((one) => [one.path.split("/").at(-2), one.get("default_outbound_access_enabled")]);
    expect(Object.fromEntries(settings)).toEqual({ vault: false, agents: false });
  });

  it("lets storage accounts recognize the subnets of the agents and of Vault, and declares the endpoint that Azure adds for MySQL", () => {
    const subnets = stackOf().resources("azurerm_subnet");
    const known = subnets.filter((one) =>
      (one.get("service_endpoints") as string[] | undefined)?.includes("Microsoft.Storage"),
    );
    expect(known.map(({ path }) => path).sort()).toEqual([
      "stack/network/agents/subnet",
      "stack/network/mysql/subnet",
      "stack/network/vault/subnet",
    ]);
  });

  it.each(["vault", "webApp", "agents"])("lets Key Vault recognize the subnet %s", (subnet) => {
    const { attributes } = stackOf().only("azurerm_subnet", `/${subnet}/subnet`);
    expect(attributes["service_endpoints"]).toContain("Microsoft.KeyVault");
  });
});
