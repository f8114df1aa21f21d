import { RandomProvider } from "@cdktf/provider-random/lib/provider";
import type { Construct } from "constructs";
import { useAzurerm } from "../constructs/azure/azurerm-provider";
import { Evidence } from "../constructs/azure/evidence";
import { GlobalSuffix } from "../constructs/azure/global-suffix";
import { KeptPassword } from "../constructs/azure/kept-password";
import { MysqlAdministratorPassword } from "../constructs/azure/mysql-administrator-password";
import { MysqlServer } from "../constructs/azure/mysql-server";
import { resourceName } from "../constructs/azure/resource-names";
import { addOutputs } from "../constructs/terraform/outputs";
import { cloudOf } from "../environments/azure-clouds";
import type { Environment } from "../environments/schema";
import { EnvironmentStack } from "./environment-stack";
import type { NetworkStack } from "./network";
import type { VaultServerStack } from "./vault-server";

/** The MySQL server. Its administrator's password passes through Key Vault and never through the state. */
export class MysqlStack extends EnvironmentStack {
  readonly server: MysqlServer;
  readonly password: MysqlAdministratorPassword;

  constructor(
    scope: Construct,
    id: string,
    environment: Environment,
    { resourceGroup, subnets, mysqlDnsZone }: NetworkStack,
    { keys, watching }: VaultServerStack,
  ) {
    super(scope, id, environment, ["azurerm", "random"]);
    useAzurerm(this, { cloud: cloudOf(environment) });
    new RandomProvider(this, "random");
    const { name, location, mysql, protectData } = environment;
    const { keyVault } = keys;

    this.password = new MysqlAdministratorPassword(this, "password", {
      keyVaultId: keyVault.id,
      version: mysql.passwordVersion,
    });
    this.server = new MysqlServer(this, "server", {
      name: resourceName("mysql", name, new GlobalSuffix(this, "name").value),
      resourceGroup: resourceGroup.name,
      location,
      settings: mysql,
      subnetId: subnets.mysql,
      privateDnsZoneId: mysqlDnsZone.id,
      password: new KeptPassword(this, "kept-password", {
        keyVaultId: keyVault.id,
        secretName: this.password.secretName,
      }),
      protect: protectData,
    });

    new Evidence(this, "evidence", {
      environment,
      of: this.server.id,
      categories: ["MySqlAuditLogs", "MySqlSlowLogs"],
    });
    watching?.measure(this, "mysql", { mysql: this.server.id });
    addOutputs(this, {
      mysql_host: [this.server.host, "MySQL's name, which only the virtual network can resolve"],
      mysql_database: [this.server.databaseName, "name of the application's database"],
    });
  }
}
