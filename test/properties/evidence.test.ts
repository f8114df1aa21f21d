import type { Block } from "../synthesis";
import { environments, systems } from "./environments";

/** The log categories of each kind of target. */
const watched: Readonly<Record<string, readonly string[]>> = {
  azurerm_key_vault: ["AuditEvent"],
  azurerm_mysql_flexible_server: ["MySqlAuditLogs", "MySqlSlowLogs"],
  azurerm_storage_account: ["StorageWrite", "StorageDelete"],
  azurerm_linux_web_app: ["AppServiceHTTPLogs", "AppServiceAuditLogs", "AppServiceIPSecAuditLogs"],
};

/** The snapshots' account also logs who reads them. */
const categoriesOf = ({ type, path }: Block): readonly string[] | undefined =>
  path === "vault-server/snapshots/account" ? ["StorageRead", ...(watched[type] ?? [])] : watched[type];

/** Returns the Azure id of the log's source. In a storage account, each service has its own log. */
const logSource = (resource: Block): string =>
  `${resource.ref("id")}${resource.type === "azurerm_storage_account" ? "/blobServices/default" : ""}`;

const settingsOf = (environment: string, workspace: unknown) =>
  [...(systems.get(environment)?.values() ?? [])].flatMap((stack) =>
    stack
      .resources("azurerm_monitor_diagnostic_setting")
      .filter((setting) => setting.get("log_analytics_workspace_id") === workspace)
      .map((setting) => ({
        target: setting.get("target_resource_id"),
        categories: (setting.get("enabled_log") as { category: string }[]).map(({ category }) => category),
      })),
  );

describe("evidence", () => {
  const workspace = environments.get("everything")?.evidenceWorkspace;
  const settings = settingsOf("everything", workspace);

  it("of every Key Vault, MySQL server, storage account and web app reaches a workspace where deployers cannot delete it", () => {
    const targets = [...(systems.get("everything")?.values() ?? [])].flatMap((stack) =>
      stack
        .resources()
        .filter(({ type }) => type in watched)
        .map((resource) => ({ target: logSource(resource), categories: categoriesOf(resource) })),
    );
    expect(targets.length).toBeGreaterThan(5);
    expect(settings).toEqual(expect.arrayContaining(targets));
  });

  it("contains the subscription's activity log: role assignments, locks, VMs", () => {
    expect(settings).toContainEqual({
      target: "${data.azurerm_subscription.subscription.id}",
      categories: ["Administrative", "Security", "Policy", "Alert"],
    });
  });

  it("is not sent if the environment names no workspace", () => {
    expect(settingsOf("demo", undefined)).toEqual([]);
  });
});
