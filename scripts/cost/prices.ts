/** A price of Azure's list, pay as you go, without tax. */
export interface Price {
  readonly dollars: number;
  readonly per: "hour" | "month" | "GiB and month" | "GB and month" | "GB" | "10,000 operations";
  /** The region of the price. Azure's prices differ between regions by up to a third. */
  readonly region: string;
  /** The day on which somebody looked it up. */
  readonly date: string;
  readonly source: string;
}

const date = "2026-11-26";
/** Names a source in Infracost's tests, whose prices come from Azure's Retail Prices API. The path is below its folder of test data. */
const infracost = (path: string): string => `Infracost's test data, ${path}`;
const hourly = (dollars: number, region: string, source: string): Price => ({
  dollars,
  per: "hour",
  region,
  date,
  source,
});
const monthly = (dollars: number, region: string, source: string): Price => ({
  dollars,
  per: "month",
  region,
  date,
  source,
});

const machines = "public price tables of East US that agree ($70.08 and $140.16 a month)";
const disks = "a public price table of East US; P4 also in Infracost's test data, managed_disk_test";
const plans = infracost("service_plan_test");
const mysql = infracost("mysql_flexible_server_test");
const alerts = infracost("monitor_scheduled_query_rules_alert_v2_test");

/**
 * Prices by Azure's type and SKU. `npm run cost` shows all other items as "not known" and does not guess.
 */
export const prices: Readonly<Record<string, Price>> = {
  "Microsoft.Compute/virtualMachines Standard_D2s_v5": hourly(0.096, "East US", machines),
  "Microsoft.Compute/virtualMachines Standard_D4s_v5": hourly(0.192, "East US", machines),
  "Microsoft.Compute/disks Premium_LRS P4": monthly(5.28, "East US", disks),
  "Microsoft.Compute/disks Premium_LRS P6": monthly(10.21, "East US", disks),
  "Microsoft.Compute/disks Premium_LRS P10": monthly(19.71, "East US", disks),
  "Microsoft.Network/natGateways Standard": hourly(0.045, "West Europe", infracost("nat_gateway_test")),
  "Microsoft.Network/natGateways Standard, data": {
    dollars: 0.045,
    per: "GB",
    region: "West Europe",
    date,
    source: infracost("nat_gateway_test"),
  },
  "Microsoft.Network/privateDnsZones": monthly(0.5, "West US", infracost("private_dns_zone_test")),
  "Microsoft.Network/privateEndpoints": hourly(0.01, "West US", infracost("private_endpoint_test")),
  "Microsoft.Network/privateEndpoints, data": {
    dollars: 0.01,
    per: "GB",
    region: "West US",
    date,
    source: infracost("private_endpoint_test"),
  },
  "Microsoft.Network/publicIPAddresses Standard": hourly(0.005, "West Europe", infracost("nat_gateway_test")),
  "Microsoft.Network/loadBalancers/loadBalancingRules Standard": hourly(
    0.01,
    "West US",
    infracost("lb_rule_v2_test"),
  ),
  "Microsoft.DBforMySQL/flexibleServers B_Standard_B1ms": hourly(0.022, "West US", mysql),
  "Microsoft.DBforMySQL/flexibleServers GP_Standard_D2ds_v4": hourly(
    0.195,
    "West US",
    `half of D4ds_v4, because D4ds_v4 and D16ds_v4 cost the same for each processor: ${mysql}`,
  ),
  "Microsoft.DBforMySQL/flexibleServers GP_Standard_D4ds_v4": hourly(0.39, "West US", mysql),
  "Microsoft.DBforMySQL/flexibleServers GP_Standard_D2ads_v5": hourly(0.195, "West US", mysql),
  "Microsoft.DBforMySQL/flexibleServers storage": {
    dollars: 0.138,
    per: "GiB and month",
    region: "West US",
    date,
    source: mysql,
  },
  "Microsoft.Storage/storageAccounts Standard_LRS": {
    dollars: 0.0208,
    per: "GB and month",
    region: "West US",
    date,
    source: infracost("storage_account_test"),
  },
  "Microsoft.Storage/storageAccounts Standard_ZRS": {
    dollars: 0.023,
    per: "GB and month",
    region: "South Central US",
    date,
    source:
      "a public price table of South Central US, from Azure's Retail Prices API; one of West US 3 has 0.0236, with a hierarchical namespace",
  },
  "Microsoft.Web/serverFarms B1": hourly(0.017, "East US", plans),
  "Microsoft.Web/serverFarms B2": hourly(0.034, "East US", plans),
  "Microsoft.Web/serverFarms B3": hourly(0.067, "East US", plans),
  "Microsoft.Web/serverFarms P0v3": hourly(0.101, "East US", plans),
  "Microsoft.Web/serverFarms P1v3": hourly(0.155, "East US", plans),
  "Microsoft.Web/serverFarms P2v3": hourly(0.31, "East US", plans),
  "Microsoft.KeyVault/vaults/keys RSA-HSM 3072": monthly(5, "every region", infracost("key_vault_key_test")),
  "Microsoft.KeyVault/vaults operations": {
    dollars: 0.03,
    per: "10,000 operations",
    region: "every region",
    date,
    source: infracost("key_vault_key_test"),
  },
  "Microsoft.OperationalInsights/workspaces PerGB2018": {
    dollars: 2.99,
    per: "GB",
    region: "not said",
    date,
    source: infracost("log_analytics_workspace_test"),
  },
  "Microsoft.Insights/scheduledQueryRules PT5M": monthly(1.5, "West Europe", alerts),
  "Microsoft.Insights/scheduledQueryRules PT1H": monthly(0.5, "West Europe", alerts),
  "Microsoft.Insights/metricAlerts": monthly(0.1, "West Europe", infracost("monitor_metric_alert_test")),
};
