import { loadEnvironment } from "../../../environments/load";
import type { SynthesizedStack } from "../../../lib/synthesized/synthesized-folder";
import { inDeploymentOrder } from "../../../scripts/deployment/deployment-order";
import { StackState } from "../../../scripts/deployment/stack-state";
import { stackNames } from "../../stack-names";
import { changed, synthesizeSystem } from "../../synthesis";

/** The demo's stacks as scripts/deploy reads them. */
function stacksOf(privateEndpoints?: string): SynthesizedStack[] {
  const environment = changed(loadEnvironment("demo"), ({ network }) => {
    network.subnets.privateEndpoints = privateEndpoints;
  });
  return [...synthesizeSystem(environment)].map(
    ([name, { json }]) => ({ name, json: { ...json, resource: json["resource"] ?? {} } }) as never,
  );
}

/** The states of deployed stacks. */
function statesOf(stacks: readonly SynthesizedStack[]): ReadonlyMap<string, StackState> {
  return new Map(
    stacks.map(({ name, json }) => {
      const resources = Object.entries(json.resource).flatMap(([type, instances]) =>
        Object.keys(instances).map((id) => ({
          mode: "managed",
          type,
          name: id,
          instances: [{ attributes: {} }],
        })),
      );
      return [name, new StackState({ outputs: {}, resources })];
    }),
  );
}

const orderOf = (stacks: readonly SynthesizedStack[], states: ReadonlyMap<string, StackState>) =>
  inDeploymentOrder(stacks, states).map(({ name }) => name);
const [without, withEndpoints] = [stacksOf(), stacksOf("10.20.5.0/28")];

describe("The order of a deployment", () => {
  it.each([
    ["of nothing yet", without, []],
    ["without a change", without, without],
    ["that switches private endpoints on", withEndpoints, without],
    ["with private endpoints that stay", withEndpoints, withEndpoints],
    ["that only moves their subnet", stacksOf("10.20.6.0/28"), withEndpoints],
  ])("%s is the system's", (_, stacks, deployed) => {
    expect(orderOf(stacks, statesOf(deployed))).toEqual(stackNames);
  });

  it("that switches private endpoints off begins with them, because Azure deletes no subnet in use", () => {
    expect(orderOf(without, statesOf(withEndpoints))).toEqual([
      ...["vm-reader-role", "vault-server", "agent-vm", "network"],
      ...["mysql", "web-app", "vault-config"],
    ]);
  });

  it("does not depend on endpoints that stay while another subnet goes", () => {
    const states = new Map(statesOf(withEndpoints));
    const old = { mode: "managed", type: "azurerm_subnet", name: "old", instances: [{ attributes: {} }] };
    states.set("network", new StackState({ outputs: {}, resources: [old] }));
    expect(orderOf(withEndpoints, states)).toEqual(stackNames);
  });

  it("continues after a killed run, which may have removed some of them", () => {
    const states = new Map(statesOf(withEndpoints));
    states.set("vault-server", statesOf(without).get("vault-server") ?? StackState.empty);
    expect(orderOf(without, states).slice(0, 3)).toEqual(["vm-reader-role", "agent-vm", "network"]);
  });

  it("contains only the chosen stacks", () => {
    const chosen = without.filter(({ name }) => ["network", "vault-server"].includes(name));
    expect(orderOf(chosen, statesOf(withEndpoints))).toEqual(["vault-server", "network"]);
  });
});
