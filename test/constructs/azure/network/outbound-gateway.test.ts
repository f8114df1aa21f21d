import { OutboundGateway } from "../../../../constructs/azure/network/outbound-gateway";
import { synthesizeConstructs } from "../../../synthesis";

describe("OutboundGateway", () => {
  const stack = synthesizeConstructs(
    (scope) =>
      new OutboundGateway(scope, "outbound", {
        environment: "demo",
        resourceGroup: "rg",
        location: "westeurope",
        subnets: { vault: "/vault", agents: "/agents" },
      }),
  );
  const gateway = stack.only("azurerm_nat_gateway");

  it("gives the named subnets one NAT gateway", () => {
    const associations = stack.resources("azurerm_subnet_nat_gateway_association");
    expect(associations.map(({ attributes }) => attributes)).toEqual([
      { nat_gateway_id: gateway.ref("id"), subnet_id: "/agents" },
      { nat_gateway_id: gateway.ref("id"), subnet_id: "/vault" },
    ]);
  });

  it("has one fixed address, so that others can name it in their firewalls", () => {
    const address = stack.only("azurerm_public_ip");
    expect(address.attributes).toMatchObject({ allocation_method: "Static", sku: "Standard" });
    expect(stack.only("azurerm_nat_gateway_public_ip_association").attributes).toEqual({
      nat_gateway_id: gateway.ref("id"),
      public_ip_address_id: address.ref("id"),
    });
  });
});
