import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planSummary } from "../../../scripts/plan-summary/markdown";
import { type Change, type Plan, readPlan } from "../../../scripts/plan-summary/plan-json";
import { itWithProgram } from "../../program";

function plan(changes: Record<string, Partial<Change>>, more: Partial<Plan> = {}): Plan {
  return {
    format_version: "1.2",
    resource_changes: Object.entries(changes).map(([address, change]) => ({
      address,
      mode: address.startsWith("data.") ? "data" : "managed",
      change: { actions: ["no-op"], before: null, after: null, ...change },
    })),
    ...more,
  };
}

describe("planSummary", () => {
  it("puts losses first, and in bold", () => {
    const summary = planSummary(
      "network",
      plan({
        "azurerm_subnet.new": { actions: ["create"], after: { name: "new" } },
        "azurerm_subnet.old": { actions: ["delete"], before: { name: "old" } },
        "azurerm_subnet.same": { actions: ["no-op"] },
        "data.azurerm_client_config.me": { actions: ["read"] },
        "azurerm_virtual_network.v": { actions: ["update"], before: { size: 1 }, after: { size: 2 } },
      }),
    );
    expect(summary).toBe(`### network: 1 added, 1 changed, **1 destroyed**

- **destroyed \`azurerm_subnet.old\`**
- changed \`azurerm_virtual_network.v\`
  - \`size\`: \`1\` → \`2\`
- added \`azurerm_subnet.new\`
`);
  });

  it.each([[["delete", "create"]], [["create", "delete"]]])(
    "shows %j as a replacement, with its cause",
    (actions) => {
      const change = { actions, before: { zone: "1" }, after: { zone: "2" }, replace_paths: [["zone"]] };
      const summary = planSummary("vault-server", plan({ "azurerm_managed_disk.d": change }));
      expect(summary).toContain("### vault-server: **1 replaced**");
      expect(summary).toContain("- **replaced `azurerm_managed_disk.d`**");
      expect(summary).toContain('`zone`: `"1"` → `"2"`, **which replaces it**');
    },
  );

  it("says that nothing changes", () => {
    expect(planSummary("mysql", plan({ "random_string.s": {} }))).toBe(
      "### mysql: no change of a resource\n",
    );
  });

  it.each<[string, Partial<Change>]>([
    ["a whole value", { before_sensitive: { key: true } }],
    ["a part of a value", { after_sensitive: { key: { inner: [{ deep: true }] } } }],
    ["the whole resource", { after_sensitive: true }],
  ])("never shows a sensitive value: %s", (_, marks) => {
    const values = {
      before: { key: { inner: [{ deep: "hunter1" }] } },
      after: { key: { inner: [{ deep: "hunter2" }] } },
    };
    const summary = planSummary("mysql", plan({ "a.b": { actions: ["update"], ...values, ...marks } }));
    expect(summary).toContain("`key`: `(sensitive)`");
    expect(summary).not.toContain("hunter");
  });

  it("names outputs without their values", () => {
    const output_changes = { address: { actions: ["update"], before: "old-value", after: "new-value" } };
    const summary = planSummary("network", plan({}, { output_changes }));
    expect(summary).toContain("- `address` changed");
    expect(summary).not.toContain("value");
  });

  it("marks values that are unknown before the apply, and cuts long values", () => {
    const change = {
      actions: ["update"],
      before: { id: "x", text: "a" },
      after: { text: "b".repeat(5000) },
      after_unknown: { id: true },
    };
    const summary = planSummary("agent-vm", plan({ "a.b": change }));
    expect(summary).toContain('`id`: `"x"` → `(known after apply)`');
    expect(summary.length).toBeLessThan(400);
  });

  it("shows no mark-up from a name", () => {
    const address = 'azurerm_x.y["`</details><img src=x>`"]';
    expect(planSummary("network", plan({ [address]: { actions: ["create"] } }))).toContain(
      `\`\` ${address} \`\``,
    );
  });

  it("shows moved and forgotten resources, and an incomplete plan", () => {
    const moved = plan({ "a.new": {} }, { errored: true });
    Object.assign(moved.resource_changes?.[0] ?? {}, { previous_address: "a.old" });
    expect(planSummary("network", moved)).toContain("- moved `a.old` to `a.new`");
    expect(planSummary("network", moved)).toContain("**The plan is incomplete");
    expect(planSummary("network", plan({ "a.b": { actions: ["forget"] } }))).toContain("- forgotten `a.b`");
  });

  it("stays short enough for a job's summary", () => {
    const many = Object.fromEntries(
      Array.from({ length: 9000 }, (_, n) => [`a.resource_${n}`, { actions: ["create"] }]),
    );
    const summary = planSummary("network", plan(many));
    expect(summary.length).toBeLessThan(121_000);
    expect(summary).toContain("9000 added");
    expect(summary).toContain("**Cut here");
  });

  itWithProgram("terraform", "reads what the real Terraform prints", () => {
    const folder = mkdtempSync(join(tmpdir(), "summarise-plan-"));
    const { TF_CLI_CONFIG_FILE, ...env } = process.env;
    const terraform = (...args: string[]) => execFileSync("terraform", args, { cwd: folder, env });
    const resources = (terraform_data: object) =>
      writeFileSync(join(folder, "main.tf.json"), JSON.stringify({ resource: { terraform_data } }));
    try {
      resources({ gone: {}, other: { input: "a" }, again: { triggers_replace: "a" } });
      terraform("init", "-input=false");
      terraform("apply", "-auto-approve", "-input=false");
      resources({ added: {}, other: { input: "b" }, again: { triggers_replace: "b" } });
      terraform("plan", "-input=false", "-out", "plan");
      const read = readPlan(String(terraform("show", "-json", "plan")));
      const stdout = read && planSummary("network", read);
      expect(stdout).toContain("### network: 1 added, 1 changed, **1 replaced**, **1 destroyed**\n");
      expect(stdout).toContain("- **destroyed `terraform_data.gone`** (delete because no resource config)");
      expect(stdout).toContain('`triggers_replace`: `"a"` → `"b"`, **which replaces it**');
      expect(stdout).toContain('- changed `terraform_data.other`\n  - `input`: `"a"` → `"b"`');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it.each(["", "no JSON, but a secret", '{"values": "a state with a secret"}', "null"])(
    "rejects %j, which is not a plan",
    (text) => {
      expect(readPlan(text)).toBeUndefined();
    },
  );
});
