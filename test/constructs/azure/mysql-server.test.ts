import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KeptPassword } from "../../../constructs/azure/kept-password";
import { MysqlServer, type MysqlServerProps } from "../../../constructs/azure/mysql-server";
import { loadEnvironment } from "../../../environments/load";
import { synthesizeConstructs } from "../../synthesis";

const { mysql: settings } = loadEnvironment("demo");

function stackOf(changes: Partial<MysqlServerProps> = {}) {
  return synthesizeConstructs(
    (scope) =>
      new MysqlServer(scope, "server", {
        name: "mysql-demo",
        resourceGroup: "rg",
        location: "westeurope",
        settings,
        subnetId: "/subnet",
        privateDnsZoneId: "/zone",
        password: new KeptPassword(scope, "kept", { keyVaultId: "/kv", secretName: "mysql-administrator" }),
        protect: true,
        ...changes,
      }),
  );
}

function parameters() {
  const configurations = stackOf().resources("azurerm_mysql_flexible_server_configuration");
  return Object.fromEntries(
    configurations.map(({ attributes }) => [attributes["name"], attributes["value"]]),
  );
}

describe("MysqlServer", () => {
  it("is reachable only from the virtual network", () => {
    const stack = stackOf();
    expect(stack.only("azurerm_mysql_flexible_server").attributes).toMatchObject({
      delegated_subnet_id: "/subnet",
      private_dns_zone_id: "/zone",
    });
    expect(stack.resources("azurerm_mysql_flexible_server_firewall_rule")).toEqual([]);
  });

  it("gets its password from Key Vault as an ephemeral value, by the write-only argument", () => {
    const server = stackOf({ settings: { ...settings, passwordVersion: 4 } }).only(
      "azurerm_mysql_flexible_server",
    );
    expect(server.attributes).toMatchObject({
      administrator_password_wo: "${ephemeral.azurerm_key_vault_secret.kept.value}",
      administrator_password_wo_version: 4,
    });
    expect(server.attributes).not.toHaveProperty("administrator_password");
  });

  it("refuses connections without TLS 1.2 or newer", () => {
    expect(parameters()).toMatchObject({ require_secure_transport: "ON", tls_version: "TLSv1.2,TLSv1.3" });
  });

  it("logs slow queries, connections, and changes of structure or rights", () => {
    expect(parameters()).toMatchObject({
      slow_query_log: "ON",
      long_query_time: String(settings.slowQuerySeconds),
      audit_log_enabled: "ON",
      audit_log_events: "CONNECTION,DDL,DCL",
    });
  });

  it("does not log statements, which contain the customers' data", () => {
    expect(String(parameters()["audit_log_events"]).split(",")).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(GENERAL|DML.*)$/)]),
    );
  });

  it("has the application's database, for all of Unicode", () => {
    expect(stackOf().only("azurerm_mysql_flexible_database").attributes).toMatchObject({
      name: "customers",
      charset: "utf8mb4",
    });
  });

  it("uses the environment's settings for backups and replication", () => {
    const server = stackOf({
      settings: { ...settings, backupRetentionDays: 35, geoRedundantBackup: true, highAvailability: true },
    }).only("azurerm_mysql_flexible_server");
    expect(server.attributes).toMatchObject({
      backup_retention_days: 35,
      geo_redundant_backup_enabled: true,
      high_availability: { mode: "ZoneRedundant" },
    });
    expect(stackOf().only("azurerm_mysql_flexible_server").attributes).not.toHaveProperty(
      "high_availability",
    );
  });

  it("refuses the deletion of server and database when protected", () => {
    const stack = stackOf({ protect: true });
    const server = stack.only("azurerm_mysql_flexible_server");
    expect(server.get("lifecycle")).toMatchObject({ prevent_destroy: true });
    expect(stack.only("azurerm_mysql_flexible_database").get("lifecycle")).toEqual({ prevent_destroy: true });
    expect(stack.only("azurerm_management_lock").get("scope")).toBe(server.ref("id"));
  });

  it("allows the deletion of both when not protected", () => {
    const stack = stackOf({ protect: false });
    expect(stack.only("azurerm_mysql_flexible_server").get("lifecycle")).not.toHaveProperty(
      "prevent_destroy",
    );
    expect(stack.only("azurerm_mysql_flexible_database").attributes).not.toHaveProperty("lifecycle");
    expect(stack.resources("azurerm_management_lock")).toEqual([]);
  });

  it("lets Azure control the zones, which a failover swaps, and the storage's size, which Azure raises", () => {
    const server = stackOf().only("azurerm_mysql_flexible_server");
    expect(server.get("storage")).toMatchObject({ auto_grow_enabled: true });
    expect(server.get("lifecycle")).toMatchObject({
      ignore_changes: [
        "zone",
        "high_availability[0].standby_availability_zone",
        // Otherwise azurerm replaces a server whose storage has grown, and its data are lost.
        "storage[0].size_gb",
      ],
    });
  });

  describe("the storage's growth", () => {
    const growth = stackOf({ settings: { ...settings, storageGb: 64 } }).only("terraform_data");
    const [provisioner] = growth.get("provisioner") as { "local-exec": { command: string } }[];
    const command =
      provisioner?.["local-exec"].command.replaceAll(/\$\{[^}]*\}/g, "/servers/mysql-demo") ?? "";

    /** Returns the command's calls of az if Azure reports that storage size. */
    function callsAt(sizeGb: string): string[] {
      const folder = mkdtempSync(join(tmpdir(), "storage-growth-"));
      try {
        const az = `#!/bin/sh\necho "$*" >>"${folder}/calls"\n[ "$3" = update ] || echo ${sizeGb}\n`;
        writeFileSync(join(folder, "az"), az, { mode: 0o755 });
        execFileSync("sh", ["-c", command], { env: { PATH: `${folder}:/usr/bin:/bin` } });
        return readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
      } finally {
        rmSync(folder, { recursive: true });
      }
    }

    it("runs when the environment file's size or the server changes", () => {
      expect(growth.get("triggers_replace")).toEqual({
        server: expect.stringMatching(/azurerm_mysql_flexible_server.*\.id/),
        storageGb: "64",
      });
    });

    it("changes a smaller server", () => {
      expect(callsAt("20")).toEqual([
        expect.stringContaining("mysql flexible-server show --ids /servers/mysql-demo"),
        expect.stringMatching(
          /^mysql flexible-server update --ids \/servers\/mysql-demo .*--storage-size 64$/,
        ),
      ]);
    });

    it.each(["64", "80"])("does not change a server that already has %s GiB", (size) => {
      expect(callsAt(size)).toHaveLength(1);
    });
  });

  it("creates parameters and database one after the other, because Azure refuses two changes at once", () => {
    const stack = stackOf();
    const changes = [
      ...stack.resources("azurerm_mysql_flexible_server_configuration"),
      stack.only("azurerm_mysql_flexible_database"),
    ];
    const after = changes.map((change) => (change.get("depends_on") ?? []) as string[]);
    const waitedFor = new Set(after.flat());
    // A chain: the first waits for nothing, and each other waits for a different predecessor.
    expect(after.map(({ length }) => length).sort()).toEqual([0, ...changes.slice(1).map(() => 1)]);
    expect(waitedFor.size).toBe(changes.length - 1);
    expect(stack.only("azurerm_mysql_flexible_database").get("depends_on")).toHaveLength(1);
  });
});
