import {
  type AllowedFlow,
  SecurityGroup,
  type SecurityGroupProps,
} from "../../../../constructs/azure/network/security-group";
import { synthesizeConstructs } from "../../../synthesis";

const flow: AllowedFlow = {
  name: "vault-from-agents",
  direction: "Inbound",
  priority: 105,
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
  it("allows a TCP flow only from its source to its target, on its ports", () => {
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

  it("allows nothing by default", () => {
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

  it("puts a list of sources into one rule", () => {
    const [rule] = rulesOf({ flows: [{ ...flow, from: ["192.0.2.0/24", "198.51.100.0/24"] }] });
    expect(rule?.attributes).toMatchObject({
      priority: 105,
      source_address_prefixes: ["192.0.2.0/24", "198.51.100.0/24"],
    });
    expect(rule?.attributes).not.toHaveProperty("source_address_prefix");
  });
});
