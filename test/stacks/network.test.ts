import { loadEnvironment } from "../../environments/load";
import type { Environment } from "../../environments/schema";
import { changed, type SynthesizedStack, sharedSystem, synthesizeSystem } from "../synthesis";
import { readable } from "./readable";

describe("stack network", () => {
  it.each(["demo", "production"])("of %s", (environment) => {
    const stack = sharedSystem(loadEnvironment(environment)).get("network");
    expect(stack && readable(stack)).toMatchSnapshot();
  });

  function stackOf(change: (environment: Environment) => void): SynthesizedStack {
    const stacks = synthesizeSystem(changed(loadEnvironment("demo"), change));
    return stacks.get("network") as SynthesizedStack;
  }

  it("names its private zone after the environment if the file names none", () => {
    const zone = (stack: SynthesizedStack) =>
      stack.only("azurerm_private_dns_zone", "vault-dns/zone").get("name");
    expect(zone(stackOf(() => {}))).toBe("demo.internal");
    const named = stackOf(({ network }) => {
      network.privateDnsZone = "vault.example.internal";
    });
    expect(zone(named)).toBe("vault.example.internal");
  });

  it("has zones and a subnet for private endpoints only if the file sets the subnet", () => {
    const zones = (stack: SynthesizedStack) =>
      stack.resources("azurerm_private_dns_zone").map((zone) => zone.get("name"));
    const privately = stackOf(({ network }) => {
      network.subnets.privateEndpoints = "10.20.5.0/28";
    });
    expect(zones(privately)).toEqual(
      expect.arrayContaining(["privatelink.vaultcore.azure.net", "privatelink.blob.core.windows.net"]),
    );
    const links = privately.resources("azurerm_private_dns_zone_virtual_network_link");
    const policies = links.map((link) => [link.path.split("/")[1], link.get("resolution_policy")]);
    // A Key Vault of others may have a private endpoint in another network.
    expect(Object.fromEntries(policies)).toEqual({
      "vault-endpoint-dns": "NxDomainRedirect",
      "blob-endpoint-dns": "NxDomainRedirect",
      "vault-dns": undefined,
      "mysql-dns": undefined,
    });
    expect(zones(stackOf(() => {}))).toHaveLength(2);
  });

  it("gives the gateway to Vault, the web apps and the agents, but not to MySQL, which needs no egress", () => {
    const stack = stackOf(() => {});
    const led = stack.resources("azurerm_subnet_nat_gateway_association").map((one) => one.get("subnet_id"));
    const subnets = ["vault", "webApp", "agents"].map((name) =>
      stack.only("azurerm_subnet", `/${name}/subnet`),
    );
    expect(led.sort()).toEqual(subnets.map((subnet) => subnet.ref("id")).sort());
  });
});
