import { type DeploymentPlan, differencesOf, waitsFor } from "../../../sandbox/rehearsal/expected-plan";

type Planned = Extract<DeploymentPlan["stacks"][number], { changes: object }>;

const planned = (stack: string, changes: Planned["changes"], text = "Plan: ..."): Planned => ({
  stack,
  changes,
  text,
});
const unchanged = planned("network", {}, "No changes. Your infrastructure matches the configuration.");

describe("A plan compared with a rehearsal's expectation", () => {
  it("is the same for any hash that cdktf adds to a name", () => {
    const changes = {
      "azurerm_role_assignment.deployers_ada_0A1B2C3D": "added",
      'vault_policy.all_11223344["x"]': "changed",
    } as const;
    const expected = {
      server: { "azurerm_role_assignment.deployers_ada": "added", 'vault_policy.all["x"]': "changed" },
    } as const;
    expect(differencesOf({ stacks: [unchanged, planned("server", changes)] }, expected)).toEqual([]);
  });

  it.each<[string, Planned, object, string]>([
    [
      "replaces",
      planned("mysql", { server: "replaced" }),
      { mysql: { server: "changed" } },
      "replaced, not changed",
    ],
    ["does more", planned("mysql", { server: "changed" }), {}, "mysql: server is changed, not unchanged."],
    ["does less", { ...unchanged, stack: "mysql" }, { mysql: { server: "added" } }, "unchanged, not added"],
    [
      "changes outputs only",
      planned("mysql", {}, "Changes to Outputs:"),
      {},
      "mysql: its outputs is changed",
    ],
  ])("differs if it %s", (_, plan, expected, difference) => {
    expect(
      differencesOf({ stacks: [unchanged, plan] }, expected as Parameters<typeof differencesOf>[1]),
    ).toEqual([expect.stringContaining(difference)]);
  });

  it("does not count another person's change as a change of the plan", () => {
    const text = "Note: Objects have changed outside of Terraform\n...\nNo changes. Your infrastructure";
    expect(differencesOf({ stacks: [planned("vault-server", {}, text)] }, {})).toEqual([]);
  });

  it("must exist, and must be a plan if no stack should wait", () => {
    const waiting = { stack: "web-app", waitsFor: ["mysql"] };
    expect(differencesOf({ stacks: [waiting] }, { mysql: { server: "added" } })).toEqual([
      "mysql has no plan.",
      "web-app: its plan is waits for mysql, not unchanged.",
    ]);
    expect(differencesOf({ stacks: [waiting] }, { "web-app": waitsFor("mysql") })).toEqual([]);
  });
});
