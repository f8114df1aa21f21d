import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planDigest } from "../../../scripts/plan-summary/plan-digest";
import type { Change, Plan } from "../../../scripts/plan-summary/plan-json";
import { mergedPlan } from "../../../scripts/plan-summary/plan-json";
import { itWithProgram } from "../../program";

const base: Change = {
  actions: ["update"],
  before: { size: 1, key: "old", list: ["a", "b"] },
  after: { size: 2, key: "new", list: ["a", "b"] },
  after_unknown: {},
  before_sensitive: { key: true },
  after_sensitive: { key: true },
};

function plan(
  change: Partial<Change> = {},
  more: Partial<Plan> = {},
  address = "azurerm_subnet.vault",
): Plan {
  return {
    format_version: "1.2",
    resource_changes: [{ address, mode: "managed", change: { ...base, ...change } }],
    ...more,
  };
}

const same = planDigest(plan());

describe("planDigest", () => {
  it("is a SHA-256", () => {
    expect(same).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each<[string, Plan]>([
    ["another value", plan({ after: { size: 3, key: "new", list: ["a", "b"] } })],
    ["another value before", plan({ before: { size: 0, key: "old", list: ["a", "b"] } })],
    ["another order in a list", plan({ after: { size: 2, key: "new", list: ["b", "a"] } })],
    ["another action", plan({ actions: ["delete", "create"] })],
    ["another address", plan({}, {}, "azurerm_subnet.other")],
    ["an unknown value", plan({ after_unknown: { size: true } })],
    ["another cause of a replacement", plan({ replace_paths: [["size"]] })],
    ["one more resource", plan({}, { resource_changes: [...both("azurerm_subnet.more")] })],
    ["none", plan({}, { resource_changes: [] })],
  ])("changes with %s", (_, other) => {
    expect(planDigest(other)).not.toBe(same);
  });

  it.each<[string, Plan]>([
    ["other outputs", plan({}, { output_changes: { a: { actions: ["create"], before: null, after: 1 } } })],
    ["an unchanged resource", withNoOp("managed", ["no-op"])],
    ["a data source", withNoOp("data", ["read"])],
    [
      "another sensitive value, which a reviewer does not see",
      plan({ after: { size: 2, key: "x", list: ["a", "b"] } }),
    ],
    ["keys in another order", plan({ after: { list: ["a", "b"], key: "new", size: 2 } })],
  ])("does not change with %s", (_, other) => {
    expect(planDigest(other)).toBe(same);
  });

  it("does not depend on the order of resources", () => {
    const [left, right] = both("azurerm_subnet.more");
    expect(planDigest(plan({}, { resource_changes: [left, right] }))).toBe(
      planDigest(plan({}, { resource_changes: [right, left] })),
    );
  });
});

itWithProgram(
  "terraform",
  "of a plan in two parts equals that of the whole: the secret from the state, the rest refreshed",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "plan-digest-"));
    const { TF_CLI_CONFIG_FILE, ...env } = process.env;
    const terraform = (...args: string[]) =>
      execFileSync("terraform", args, {
        cwd: folder,
        env,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
    const resources = (terraform_data: object) =>
      writeFileSync(join(folder, "main.tf.json"), JSON.stringify({ resource: { terraform_data } }));
    const made = (...options: string[]): Plan => {
      terraform("plan", "-input=false", "-out", "plan", ...options);
      return JSON.parse(terraform("show", "-json", "plan"));
    };
    try {
      resources({ gone: {}, secret: { input: "a" }, other: { input: "a" } });
      terraform("init", "-input=false");
      terraform("apply", "-auto-approve", "-input=false");
      resources({
        secret: { input: "b" },
        other: { input: "b" },
        added: { input: "$" + "{terraform_data.other.output}" },
      });
      const others = ["gone", "other", "added"].map((name) => `-target=terraform_data.${name}`);
      const parts = [made(...others), made("-refresh=false", "-target=terraform_data.secret")];
      expect(parts.map(planDigest)).not.toContain(planDigest(made()));
      expect(planDigest(mergedPlan(parts))).toBe(planDigest(made()));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

function both(address: string) {
  const [first] = plan().resource_changes ?? [];
  const [second] = plan({}, {}, address).resource_changes ?? [];
  if (!first || !second) throw new Error("a plan needs a change");
  return [first, second] as const;
}

function withNoOp(mode: "managed" | "data", actions: string[]): Plan {
  const [first] = both("x.y");
  return plan({}, { resource_changes: [first, { address: "x.y", mode, change: { ...base, actions } }] });
}
