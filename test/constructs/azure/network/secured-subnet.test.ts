import { SecuredSubnet, type SecuredSubnetProps } from "../../../../constructs/azure/network/secured-subnet";
import { synthesizeConstructs } from "../../../synthesis";

function stackOf(changes: Partial<SecuredSubnetProps> = {}) {
  return synthesizeConstructs(
    (scope) =>
      new SecuredSubnet(scope, "subnet", {
        name: "vault",
        environment: "demo",
        resourceGroup: "rg",
        location: "westeurope",
        virtualNetwork: "vnet",
        cidr: "10.20.1.0/24",
        flows: [],
        refuseOther: [],
        ...changes,
      }),
  );
}

describe("SecuredSubnet", () => {
  it("has a security group of its own", () => {
    const stack = stackOf();
    expect(stack.only("azurerm_subnet_network_security_group_association").attributes).toEqual({
      subnet_id: stack.only("azurerm_subnet").ref("id"),
      network_security_group_id: stack.only("azurerm_network_security_group").ref("id"),
    });
  });

  it("does not use Azure's implicit outbound address", () => {
    expect(stackOf().only("azurerm_subnet").get("default_outbound_access_enabled")).toBe(false);
  });

  it.each([
    ["Microsoft.DBforMySQL/flexibleServers", "Microsoft.Network/virtualNetworks/subnets/join/action"],
    ["Microsoft.Web/serverFarms", "Microsoft.Network/virtualNetworks/subnets/action"],
  ] as const)("is delegated only to %s, with the one action that Azure requires", (delegation, action) => {
    expect(stackOf({ delegation }).only("azurerm_subnet").get("delegation")).toEqual([
      { name: "service", service_delegation: { name: delegation, actions: [action] } },
    ]);
  });

  it("has no delegation by default", () => {
    expect(stackOf().only("azurerm_subnet").attributes).not.toHaveProperty("delegation");
  });

  it("names the services whose firewalls recognize it", () => {
    const subnet = stackOf({ serviceEndpoints: ["Microsoft.KeyVault"] }).only("azurerm_subnet");
    expect(subnet.get("service_endpoints")).toEqual(["Microsoft.KeyVault"]);
  });
});
