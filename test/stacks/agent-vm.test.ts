import { loadEnvironment } from "../../environments/load";
import type { Environment } from "../../environments/schema";
import { changed, type SynthesizedStack, sharedSystem, synthesizeSystem } from "../synthesis";
import { readable } from "./readable";

describe("stack agent-vm", () => {
  it.each(["demo", "production"])("of %s", (environment) => {
    const stack = sharedSystem(loadEnvironment(environment)).get("agent-vm");
    expect(stack && readable(stack)).toMatchSnapshot();
  });

  function stackOf(change: (environment: Environment) => void): SynthesizedStack {
    const stacks = synthesizeSystem(changed(loadEnvironment("demo"), change));
    return stacks.get("agent-vm") as SynthesizedStack;
  }

  it("creates a group's number of machines, each with its own identity", () => {
    const stack = stackOf(({ agentVms: [group] }) => {
      if (group) group.count = 3;
    });
    const machines = stack.resources("azurerm_linux_virtual_machine");
    expect(machines.map((machine) => machine.get("name"))).toEqual([
      "vm-demo-agent-1",
      "vm-demo-agent-2",
      "vm-demo-agent-3",
    ]);
    for (const machine of machines) expect(machine.get("identity")).toEqual({ type: "SystemAssigned" });
    const roles = stack.resources("azurerm_role_assignment").map((one) => one.get("role_definition_name"));
    expect(roles.sort()).toEqual([
      ...Array(3).fill("Key Vault Reader"),
      ...Array(3).fill("Storage Blob Data Reader"),
    ]);
  });

  it("uses the same package as the stack web-app, and none if it has no machines", () => {
    const stacks = sharedSystem(loadEnvironment("demo"));
    const [own, appService] = ["agent-vm", "web-app"].map((name) =>
      stacks.get(name)?.assets.get("assets/app.zip"),
    );
    expect(own?.length).toBeGreaterThan(100_000);
    expect(own?.equals(appService as Buffer)).toBe(true);
    const empty = stackOf((environment) => {
      environment.agentVms = [];
    });
    expect(empty.resources()).toEqual([]);
  });

  it("gives no machine a public address", () => {
    const [configuration] = stackOf(() => {})
      .only("azurerm_network_interface")
      .get("ip_configuration") as object[];
    expect(configuration).not.toHaveProperty("public_ip_address_id");
  });
});
