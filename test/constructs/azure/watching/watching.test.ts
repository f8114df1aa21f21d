import { logAlerts } from "../../../../constructs/azure/watching/log-alerts";
import { metricAlerts } from "../../../../constructs/azure/watching/metric-alerts";
import { loadEnvironment } from "../../../../environments/load";
import type { Environment } from "../../../../environments/schema";
import { changed, type SynthesizedStack, sharedSystem, synthesizeSystem } from "../../../synthesis";

const workspace =
  "/subscriptions/99999999-9999-4999-8999-999999999999/resourceGroups/rg-Security/providers/Microsoft.OperationalInsights/workspaces/log-security";

function stacksOf(change: (environment: Environment) => void = () => {}) {
  return synthesizeSystem(
    changed(loadEnvironment("demo"), (environment) => {
      environment.evidenceWorkspace = workspace;
      environment.alerts.emails = [{ name: "On call", address: "on-call@example.com" }];
      change(environment);
    }),
  );
}
const stack = (name: string, change?: (environment: Environment) => void) =>
  stacksOf(change).get(name) as SynthesizedStack;
const rule = "azurerm_monitor_scheduled_query_rules_alert_v2";

describe("Watching", () => {
  it("does nothing in an environment without a workspace", () => {
    const types = [...sharedSystem(loadEnvironment("demo")).values()].flatMap((one) =>
      one.resources().map(({ type }) => type),
    );
    expect(types.filter((type) => /monitor_|workbook|extension/.test(type))).toEqual([
      // The web app's setting sends to the environment's own workspace.
      "azurerm_monitor_diagnostic_setting",
    ]);
  });

  it("creates a rule for each alert on logs, with its severity and window, over the workspace", () => {
    const rules = stack("vault-server").resources(rule);
    const expected = logAlerts;
    expect(rules.map((one) => one.get("name")).sort()).toEqual(
      expected.map(({ name }) => `alert-demo-${name}`).sort(),
    );
    for (const { name, severity, every, window } of expected)
      expect(rules.find((one) => one.get("name") === `alert-demo-${name}`)?.attributes).toMatchObject({
        severity,
        evaluation_frequency: every,
        window_duration: window,
        scopes: [workspace],
      });
  });

  it("creates a rule for each alert on metrics, for each node of a cluster", () => {
    const three = (environment: Environment): void => {
      environment.vault.nodes = 3;
    };
    const names = ["vault-server", "mysql"].flatMap((name) =>
      stack(name, three)
        .resources("azurerm_monitor_metric_alert")
        .map((one) => String(one.get("name"))),
    );
    expect(names.sort()).toEqual(
      metricAlerts
        .flatMap(({ name, of }) =>
          of === "nodes"
            ? [1, 2, 3].map((number) => `alert-demo-${name}-vault-${number}`)
            : [`alert-demo-${name}`],
        )
        .sort(),
    );
  });

  it("notifies the environment's receivers, and action groups outside the project", () => {
    const others =
      "/subscriptions/99999999-9999-4999-8999-999999999999/resourceGroups/rg/providers/Microsoft.Insights/actionGroups/ag";
    const server = stack("vault-server", ({ alerts }) => {
      alerts.actionGroups = [others];
    });
    const mail = server.only("azurerm_monitor_action_group");
    expect(mail.get("email_receiver")).toEqual([
      { name: "On call", email_address: "on-call@example.com", use_common_alert_schema: true },
    ]);
    for (const resource of server.resources(rule))
      expect(resource.get("action")).toEqual({ action_groups: [mail.ref("id"), others] });
    for (const alert of server.resources("azurerm_monitor_metric_alert"))
      expect(alert.get("action")).toEqual([{ action_group_id: mail.ref("id") }, { action_group_id: others }]);
  });

  it("notifies nobody if the environment names nobody", () => {
    const server = stack("vault-server", ({ alerts }) => {
      alerts.emails = [];
    });
    expect(server.resources("azurerm_monitor_action_group")).toEqual([]);
    for (const resource of server.resources(rule)) expect(resource.get("action")).toBeUndefined();
  });

  it("collects the logs of Vault's and the agents' VMs with each VM's own identity", () => {
    const stacks = [...stacksOf().values()];
    const machines = stacks.flatMap((one) => one.resources("azurerm_linux_virtual_machine"));
    const agents = stacks.flatMap((one) => one.resources("azurerm_virtual_machine_extension"));
    const rules = stacks.flatMap((one) => one.resources("azurerm_monitor_data_collection_rule_association"));
    const ids = machines.map((machine) => machine.ref("id"));
    expect(agents.map((agent) => agent.get("virtual_machine_id"))).toEqual(ids);
    expect(rules.map((association) => association.get("target_resource_id"))).toEqual(ids);
    for (const agent of agents)
      expect(agent.attributes).toMatchObject({
        publisher: "Microsoft.Azure.Monitor",
        type: "AzureMonitorLinuxAgent",
        automatic_upgrade_enabled: true,
      });
  });

  it("sends the audit log line by line into its table, and the journal to Syslog, in the workspace's region", () => {
    const server = stack("vault-server", (environment) => {
      environment.evidenceLocation = "northeurope";
    });
    const collection = server.only("azurerm_monitor_data_collection_rule");
    expect(collection.attributes).toMatchObject({
      location: "northeurope",
      data_collection_endpoint_id: server.only("azurerm_monitor_data_collection_endpoint").ref("id"),
      destinations: { log_analytics: [{ name: "evidence", workspace_resource_id: workspace }] },
      data_flow: [
        { streams: ["Custom-VaultAudit_CL"], output_stream: "Custom-VaultAudit_CL", transform_kql: "source" },
        { streams: ["Microsoft-Syslog"] },
      ],
    });
    for (const type of [rule, "azurerm_monitor_data_collection_endpoint"])
      for (const resource of server.resources(type)) expect(resource.get("location")).toBe("northeurope");
  });

  it("ignores pipelines, and recognizes Vault by its identity", () => {
    const pipeline = "11111111-1111-4111-8111-11111111ABCD";
    const server = stack("vault-server", ({ deployers }) => {
      deployers.push({ name: "Pipeline", objectId: pipeline, type: "ServicePrincipal" });
    });
    const query = (name: string) => JSON.stringify(server.only(rule, `/${name}`).get("criteria"));
    expect(query("role-assigned")).toContain(pipeline.toLowerCase());
    expect(query("vault-rights-changed")).toContain(`deployer-${pipeline.toLowerCase()}`);
    expect(query("unwrap-by-others")).toContain(
      server.only("azurerm_user_assigned_identity").ref("principal_id"),
    );
  });

  it("reports a certificate that is not renewed after half of the renewal time", () => {
    const days = (renewDaysBeforeExpiry: number) =>
      JSON.stringify(
        stack("vault-server", ({ vault }) => {
          vault.tls = { source: "generated", validityInMonths: 12, renewDaysBeforeExpiry };
        })
          .only(rule, "/certificate-ends")
          .get("criteria"),
      );
    expect(days(7)).toContain("Days < 3\\n");
    expect(days(180)).toContain("Days < 14\\n");
  });

  it("has a workbook that shows each alert", () => {
    const data = String(stack("vault-server").only("azurerm_application_insights_workbook").get("data_json"));
    const items = (JSON.parse(data) as { items: { name: string }[] }).items.map(({ name }) => name);
    for (const { name } of logAlerts) expect(items).toContain(name);
  });
});
