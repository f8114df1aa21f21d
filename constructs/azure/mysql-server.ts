import { MysqlFlexibleDatabase } from "@cdktf/provider-azurerm/lib/mysql-flexible-database";
import { MysqlFlexibleServer } from "@cdktf/provider-azurerm/lib/mysql-flexible-server";
import { MysqlFlexibleServerConfiguration } from "@cdktf/provider-azurerm/lib/mysql-flexible-server-configuration";
import { Construct } from "constructs";
import type { Environment } from "../../environments/schema";
import { skipChecks } from "../terraform/checkov-skips";
import { TerraformData } from "../terraform/terraform-data";
import { DeletionLock } from "./deletion-lock";
import type { KeptPassword } from "./kept-password";

export interface MysqlServerProps {
  name: string;
  resourceGroup: string;
  location: string;
  settings: Environment["mysql"];
  /** A subnet delegated to Microsoft.DBforMySQL/flexibleServers. */
  subnetId: string;
  privateDnsZoneId: string;
  password: KeptPassword;
  /** Prevents the deletion by a lock and in Terraform. */
  protect: boolean;
}

/** A MySQL Flexible Server with the application's database. Only the virtual network reaches it, over TLS. */
export class MysqlServer extends Construct {
  readonly id: string;
  /** The server's name in the virtual network. */
  readonly host: string;
  readonly databaseName: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: MysqlServerProps,
  ) {
    super(scope, id);
    const server = this.createServer();
    const database = this.createDatabase(server, this.setParameters(server));
    this.growStorage(server);
    this.explainFindings(server);
    if (props.protect) {
      new DeletionLock(this, "deletion", { resourceId: server.id, protects: "the database and its backups" });
    }
    this.id = server.id;
    this.host = server.fqdn;
    this.databaseName = database.name;
  }

  private createServer(): MysqlFlexibleServer {
    const { name, resourceGroup, location, settings, subnetId, privateDnsZoneId, password, protect } =
      this.props;
    return new MysqlFlexibleServer(this, "server", {
      name,
      resourceGroupName: resourceGroup,
      location,
      version: settings.version,
      skuName: settings.sku,
      delegatedSubnetId: subnetId,
      privateDnsZoneId,
      administratorLogin: settings.administratorLogin,
      administratorPasswordWo: password.value,
      administratorPasswordWoVersion: settings.passwordVersion,
      backupRetentionDays: settings.backupRetentionDays,
      geoRedundantBackupEnabled: settings.geoRedundantBackup,
      highAvailability: settings.highAvailability ? { mode: "ZoneRedundant" } : undefined,
      storage: { sizeGb: settings.storageGb, autoGrowEnabled: true },
      lifecycle: {
        preventDestroy: protect ? true : undefined,
        ignoreChanges: [
          // Azure chooses the zones and a failover swaps them. Terraform must not undo either.
          "zone",
          "high_availability[0].standby_availability_zone",
          // Azure raises the size when the storage fills up. azurerm would replace the server to make it smaller
          // again.
          "storage[0].size_gb",
        ],
      },
    });
  }

  private explainFindings(server: MysqlFlexibleServer): void {
    const inSubnet = "The server lives in a delegated subnet of the virtual network";
    skipChecks(server, {
      CKV_AZURE_53: `${inSubnet}, where Azure gives it no public address and ignores this setting.`,
      CKV2_AZURE_56: `${inSubnet} itself, so it needs no private endpoint.`,
      ...(!this.props.settings.geoRedundantBackup && {
        CKV_AZURE_94:
          "The environment chose backups in one region. `mysql.geoRedundantBackup: true` keeps them in two.",
      }),
    });
  }

  /** Sends a larger storage size to Azure with `az`, because Terraform ignores the size. The storage never shrinks. */
  private growStorage(server: MysqlFlexibleServer): void {
    const { storageGb } = this.props.settings;
    const ids = `--ids ${server.id} --only-show-errors --output`;
    const current = `$(az mysql flexible-server show ${ids} tsv --query storage.storageSizeGb)`;
    new TerraformData(this, "storage-growth", {
      triggersReplace: { server: server.id, storageGb: String(storageGb) },
      provisioners: [
        {
          type: "local-exec",
          command: `test "${current}" -ge ${storageGb} || az mysql flexible-server update ${ids} none --storage-size ${storageGb}`,
        },
      ],
    });
  }

  /** Waits for the parameters. Azure refuses a second change during a change, and azurerm serializes only parameters. */
  private createDatabase(
    server: MysqlFlexibleServer,
    after: MysqlFlexibleServerConfiguration,
  ): MysqlFlexibleDatabase {
    const { resourceGroup, settings, protect } = this.props;
    return new MysqlFlexibleDatabase(this, "database", {
      name: settings.databaseName,
      resourceGroupName: resourceGroup,
      serverName: server.name,
      charset: "utf8mb4",
      collation: "utf8mb4_0900_ai_ci",
      lifecycle: protect ? { preventDestroy: true } : undefined,
      dependsOn: [after],
    });
  }

  /** Sets the parameters one after the other, and returns the last. */
  private setParameters(server: MysqlFlexibleServer): MysqlFlexibleServerConfiguration {
    const parameters = Object.entries({
      require_secure_transport: "ON",
      tls_version: "TLSv1.2,TLSv1.3",
      slow_query_log: "ON",
      long_query_time: String(this.props.settings.slowQuerySeconds),
      audit_log_enabled: "ON",
      // Logs connections and changes of structure or rights. Statements would contain the customers' data.
      audit_log_events: "CONNECTION,DDL,DCL",
    });
    let last: MysqlFlexibleServerConfiguration | undefined;
    for (const [name, value] of parameters) {
      last = new MysqlFlexibleServerConfiguration(this, name, {
        name,
        value,
        resourceGroupName: this.props.resourceGroup,
        serverName: server.name,
        dependsOn: last && [last],
      });
    }
    return last as MysqlFlexibleServerConfiguration;
  }
}
