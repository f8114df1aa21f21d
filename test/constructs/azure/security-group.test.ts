import {
  type AllowedFlow,
  SecurityGroup,
  type SecurityGroupProps,
} from "../../../constructs/azure/security-group";
import { synthesizeConstructs } from "../../synthesis";

const flow: AllowedFlow = {
  name: "vault-from-agents",
  direction: "Inbound",
  from: "10.20.4.0/24",
  to: "10.20.1.0/24",
  ports: [8200, 8201],
};

function rulesOf({ flows = [flow], refuseOther = [] }: Partial<SecurityGroupProps>) {
  return synthesizeConstructs(
    (scope) =>
      new SecurityGroup(scope, "group", {
        name: "nsg-demo-vault",
        resourceGroup: "rg",
        location: "westeurope",
        flows,
        refuseOther,
      }),
  ).resources("azurerm_network_security_rule");
}

describe("SecurityGroup", () => {
  it("allows a flow by TCP, from its source to its target, on its ports and no other", () => {
    expect(rulesOf({}).map(({ attributes }) => attributes)).toEqual([
      expect.objectContaining({
        name: "vault-from-agents",
        direction: "Inbound",
        access: "Allow",
        protocol: "Tcp",
        source_address_prefix: "10.20.4.0/24",
        destination_address_prefix: "10.20.1.0/24",
        destination_port_ranges: ["8200", "8201"],
      }),
    ]);
  });

  it("allows nothing by itself", () => {
    expect(rulesOf({ flows: [] })).toEqual([]);
  });

  it.each(["Inbound", "Outbound"] as const)(
    "refuses everything else %s, after all its other rules",
    (direction) => {
      const rules = rulesOf({ refuseOther: [direction] }).filter((rule) => rule.get("access") === "Deny");
      expect(rules.map(({ attributes }) => attributes)).toEqual([
        expect.objectContaining({
          direction,
          priority: 4096,
          protocol: "*",
          source_address_prefix: "*",
          source_port_range: "*",
          destination_address_prefix: "*",
          destination_port_range: "*",
        }),
      ]);
    },
  );

  it("gives each flow a priority of its own, in the order in which they are listed", () => {
    const flows = Array.from({ length: 40 }, (_, index) => ({ ...flow, name: `flow-${index}` }));
    const priorities = new Map(rulesOf({ flows }).map((rule) => [rule.get("name"), rule.get("priority")]));
    expect(flows.map(({ name }) => priorities.get(name))).toEqual(flows.map((_, index) => 100 + 10 * index));
  });
});
