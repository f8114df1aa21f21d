import { PrivateDnsZone } from "../../../../constructs/azure/network/private-dns-zone";
import { synthesizeConstructs } from "../../../synthesis";

describe("PrivateDnsZone", () => {
  it("is visible only in that virtual network, and does not register its machines", () => {
    const stack = synthesizeConstructs(
      (scope) =>
        new PrivateDnsZone(scope, "dns", {
          name: "demo.internal",
          resourceGroup: "rg",
          virtualNetworkId: "/vnet",
        }),
    );
    const zone = stack.only("azurerm_private_dns_zone");
    expect(zone.get("name")).toBe("demo.internal");
    expect(stack.only("azurerm_private_dns_zone_virtual_network_link").attributes).toEqual({
      name: "virtual-network",
      private_dns_zone_name: zone.ref("name"),
      resource_group_name: "rg",
      virtual_network_id: "/vnet",
    });
  });

  it("can leave names that it does not have to the internet", () => {
    const stack = synthesizeConstructs(
      (scope) =>
        new PrivateDnsZone(scope, "dns", {
          name: "privatelink.vaultcore.azure.net",
          resourceGroup: "rg",
          virtualNetworkId: "/vnet",
          fallBackToInternet: true,
        }),
    );
    const link = stack.only("azurerm_private_dns_zone_virtual_network_link");
    expect(link.get("resolution_policy")).toBe("NxDomainRedirect");
  });
});
