import type { SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import { type Price, prices } from "./prices";

/** One item of Azure's bill. */
export interface CostLine {
  /** Azure's type and SKU, as in the table of prices. */
  readonly item: string;
  /** The number of such items. Undefined if it depends on use. */
  readonly count?: number;
  /** Undefined if the table has no price. */
  readonly price?: Price;
  /** Dollars a month. Undefined if they depend on use, or if the price is unknown. */
  readonly monthly?: number;
}

type Arguments = Readonly<Record<string, unknown>>;
type Billed = readonly [item: string, count: number | undefined];

/** Hours of a month, as Azure's price calculator counts them. */
const hours = 730;

const blockOf = (value: unknown): Arguments => {
  const block = Array.isArray(value) ? value[0] : value;
  return typeof block === "object" && block !== null ? (block as Arguments) : {};
};

/** Sizes of premium disks, in GiB. Azure bills a disk as the next larger size. Source: Azure, managed disk types. */
const tiers = [4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_767];
const tierNames = [
  "P1",
  "P2",
  "P3",
  "P4",
  "P6",
  "P10",
  "P15",
  "P20",
  "P30",
  "P40",
  "P50",
  "P60",
  "P70",
  "P80",
];

const disk = (type: unknown, gibibytes: unknown): Billed => {
  const index = tiers.findIndex((size) => size >= Number(gibibytes));
  return [`Microsoft.Compute/disks ${type} ${tierNames[index] ?? `of ${gibibytes} GiB`}`, 1];
};

/** The items that Azure bills for a resource. The list is empty for a free resource. */
const billed: Readonly<Record<string, (resource: Arguments) => readonly Billed[]>> = {
  azurerm_application_insights: () => [],
  azurerm_application_insights_workbook: () => [],
  azurerm_key_vault: () => [["Microsoft.KeyVault/vaults operations", undefined]],
  azurerm_key_vault_certificate: () => [],
  azurerm_key_vault_key: ({ key_type, key_size }) =>
    key_type === "RSA-HSM" ? [[`Microsoft.KeyVault/vaults/keys ${key_type} ${key_size}`, 1]] : [],
  azurerm_key_vault_secret: () => [],
  azurerm_lb: () => [],
  azurerm_lb_backend_address_pool: () => [],
  azurerm_lb_probe: () => [],
  azurerm_lb_rule: () => [["Microsoft.Network/loadBalancers/loadBalancingRules Standard", 1]],
  azurerm_linux_virtual_machine: ({ size, os_disk }) => {
    const { storage_account_type, disk_size_gb } = blockOf(os_disk);
    return [[`Microsoft.Compute/virtualMachines ${size}`, 1], disk(storage_account_type, disk_size_gb)];
  },
  azurerm_linux_web_app: () => [],
  azurerm_log_analytics_workspace: ({ sku }) => [
    [`Microsoft.OperationalInsights/workspaces ${sku}`, undefined],
  ],
  azurerm_managed_disk: ({ storage_account_type, disk_size_gb }) => [
    disk(storage_account_type, disk_size_gb),
  ],
  azurerm_management_lock: () => [],
  // A thousand mails a month are free.
  azurerm_monitor_action_group: () => [],
  azurerm_monitor_autoscale_setting: () => [],
  azurerm_monitor_data_collection_endpoint: () => [],
  azurerm_monitor_data_collection_rule: () => [
    ["Microsoft.OperationalInsights/workspaces PerGB2018", undefined],
  ],
  azurerm_monitor_data_collection_rule_association: () => [],
  azurerm_monitor_diagnostic_setting: () => [],
  azurerm_monitor_metric_alert: () => [["Microsoft.Insights/metricAlerts", 1]],
  azurerm_monitor_scheduled_query_rules_alert_v2: ({ evaluation_frequency }) => [
    [`Microsoft.Insights/scheduledQueryRules ${evaluation_frequency}`, 1],
  ],
  azurerm_mysql_flexible_database: () => [],
  // A standby in another zone is a second server of the same size and storage.
  azurerm_mysql_flexible_server: ({ sku_name, storage, high_availability }) => {
    const servers = high_availability === undefined ? 1 : 2;
    return [
      [`Microsoft.DBforMySQL/flexibleServers ${sku_name}`, servers],
      ["Microsoft.DBforMySQL/flexibleServers storage", servers * Number(blockOf(storage)["size_gb"])],
    ];
  },
  azurerm_mysql_flexible_server_configuration: () => [],
  azurerm_nat_gateway: ({ sku_name }) => [
    [`Microsoft.Network/natGateways ${sku_name ?? "Standard"}`, 1],
    ["Microsoft.Network/natGateways Standard, data", undefined],
  ],
  azurerm_nat_gateway_public_ip_association: () => [],
  azurerm_network_interface: () => [],
  azurerm_network_interface_backend_address_pool_association: () => [],
  azurerm_network_interface_security_group_association: () => [],
  azurerm_network_security_group: () => [],
  azurerm_network_security_rule: () => [],
  azurerm_private_dns_a_record: () => [],
  azurerm_private_dns_zone: () => [["Microsoft.Network/privateDnsZones", 1]],
  azurerm_private_dns_zone_virtual_network_link: () => [],
  azurerm_private_endpoint: () => [
    ["Microsoft.Network/privateEndpoints", 1],
    ["Microsoft.Network/privateEndpoints, data", undefined],
  ],
  azurerm_public_ip: ({ sku }) => [[`Microsoft.Network/publicIPAddresses ${sku ?? "Standard"}`, 1]],
  azurerm_resource_group: () => [],
  azurerm_role_assignment: () => [],
  azurerm_role_definition: () => [],
  azurerm_service_plan: ({ sku_name, worker_count }) => [
    [`Microsoft.Web/serverFarms ${sku_name}`, Number(worker_count ?? 1)],
  ],
  azurerm_storage_account: ({ account_tier, account_replication_type }) => [
    [`Microsoft.Storage/storageAccounts ${account_tier}_${account_replication_type}`, undefined],
  ],
  azurerm_storage_container: () => [],
  azurerm_storage_container_immutability_policy: () => [],
  azurerm_storage_management_policy: () => [],
  azurerm_subnet: () => [],
  azurerm_subnet_nat_gateway_association: () => [],
  azurerm_subnet_network_security_group_association: () => [],
  azurerm_user_assigned_identity: () => [],
  azurerm_virtual_machine_data_disk_attachment: () => [],
  azurerm_virtual_machine_extension: () => [],
  azurerm_virtual_network: () => [],
};

/** Returns the items that Azure bills for the stacks, one line for each kind, sorted by name. */
export function costLines(stacks: readonly Pick<SynthesizedStack, "json">[]): CostLine[] {
  const resources = stacks.flatMap(({ json }) =>
    Object.entries(json.resource).flatMap(([type, instances]) =>
      Object.values(instances).map((resource) => ({ type, resource })),
    ),
  );
  const counts = new Map<string, number | undefined>();
  for (const { type, resource } of resources.filter((one) => one.type.startsWith("azurerm_")))
    for (const [item, count] of billed[type]?.(resource) ?? [[`${type}: not in the table`, 1] as const])
      counts.set(item, count === undefined ? undefined : (counts.get(item) ?? 0) + count);
  return [...counts]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([item, count]) => {
      const price = prices[item];
      return { item, count, price, monthly: price && monthlyOf(price, count) };
    });
}

function monthlyOf({ dollars, per }: Price, count: number | undefined): number | undefined {
  if (count === undefined) return undefined;
  return dollars * count * (per === "hour" ? hours : 1);
}

/** Returns the dollars a month of all lines with a known sum. */
export const total = (lines: readonly CostLine[]): number =>
  lines.reduce((sum, { monthly }) => sum + (monthly ?? 0), 0);
