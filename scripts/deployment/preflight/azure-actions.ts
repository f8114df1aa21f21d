/** The scope of a right: the subscription, or the environment's resource group once that exists. */
export type RightScope = "subscription" | "resourceGroup";

export interface AzureAction {
  readonly action: string;
  readonly scope: RightScope;
}

const inGroup = (...actions: string[]): AzureAction[] =>
  actions.map((action) => ({ action, scope: "resourceGroup" }));

/** The stack network grants these rights on the contents of Key Vaults. Nothing is needed before. */
const grantedByNetwork: AzureAction[] = [];

/** Rights on the parent resource cover these. */
const ofItsParent: AzureAction[] = [];

/** The rights that a deployer needs for each type of resource in the stacks. Source: Azure, provider operations. */
export const actionsByType: Readonly<Record<string, readonly AzureAction[]>> = {
  azurerm_application_insights: inGroup("Microsoft.Insights/components/write"),
  azurerm_application_insights_workbook: inGroup("Microsoft.Insights/workbooks/write"),
  azurerm_key_vault: inGroup("Microsoft.KeyVault/vaults/write"),
  azurerm_key_vault_certificate: grantedByNetwork,
  azurerm_key_vault_key: grantedByNetwork,
  azurerm_key_vault_secret: grantedByNetwork,
  azurerm_linux_virtual_machine: inGroup(
    "Microsoft.Compute/virtualMachines/write",
    // A VM reports the applied user data on the serial console.
    "Microsoft.Compute/virtualMachines/retrieveBootDiagnosticsData/action",
  ),
  azurerm_linux_web_app: inGroup("Microsoft.Web/sites/write"),
  azurerm_log_analytics_workspace: inGroup("Microsoft.OperationalInsights/workspaces/write"),
  azurerm_managed_disk: inGroup("Microsoft.Compute/disks/write"),
  azurerm_management_lock: inGroup("Microsoft.Authorization/locks/write"),
  azurerm_monitor_autoscale_setting: inGroup("Microsoft.Insights/autoscalesettings/write"),
  azurerm_monitor_action_group: inGroup("Microsoft.Insights/actionGroups/write"),
  azurerm_monitor_data_collection_endpoint: inGroup("Microsoft.Insights/dataCollectionEndpoints/write"),
  azurerm_monitor_data_collection_rule: inGroup("Microsoft.Insights/dataCollectionRules/write"),
  azurerm_monitor_data_collection_rule_association: inGroup(
    "Microsoft.Insights/dataCollectionRuleAssociations/write",
  ),
  azurerm_monitor_diagnostic_setting: inGroup("Microsoft.Insights/diagnosticSettings/write"),
  azurerm_monitor_metric_alert: inGroup("Microsoft.Insights/metricAlerts/write"),
  azurerm_monitor_scheduled_query_rules_alert_v2: inGroup("Microsoft.Insights/scheduledQueryRules/write"),
  azurerm_mysql_flexible_database: inGroup("Microsoft.DBforMySQL/flexibleServers/databases/write"),
  azurerm_mysql_flexible_server: inGroup("Microsoft.DBforMySQL/flexibleServers/write"),
  azurerm_mysql_flexible_server_configuration: inGroup(
    "Microsoft.DBforMySQL/flexibleServers/configurations/write",
  ),
  azurerm_lb: inGroup("Microsoft.Network/loadBalancers/write"),
  azurerm_lb_backend_address_pool: inGroup("Microsoft.Network/loadBalancers/backendAddressPools/write"),
  azurerm_lb_probe: ofItsParent,
  azurerm_lb_rule: ofItsParent,
  azurerm_nat_gateway: inGroup("Microsoft.Network/natGateways/write"),
  azurerm_nat_gateway_public_ip_association: ofItsParent,
  azurerm_network_interface: inGroup("Microsoft.Network/networkInterfaces/write"),
  azurerm_network_interface_backend_address_pool_association: inGroup(
    "Microsoft.Network/loadBalancers/backendAddressPools/join/action",
  ),
  azurerm_network_interface_security_group_association: ofItsParent,
  azurerm_network_security_group: inGroup("Microsoft.Network/networkSecurityGroups/write"),
  azurerm_network_security_rule: inGroup("Microsoft.Network/networkSecurityGroups/securityRules/write"),
  azurerm_private_dns_a_record: inGroup("Microsoft.Network/privateDnsZones/A/write"),
  azurerm_private_dns_zone: inGroup("Microsoft.Network/privateDnsZones/write"),
  azurerm_private_dns_zone_virtual_network_link: inGroup(
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks/write",
  ),
  azurerm_private_endpoint: inGroup(
    "Microsoft.Network/privateEndpoints/write",
    // Without these, the connection would wait for somebody's approval.
    "Microsoft.KeyVault/vaults/PrivateEndpointConnectionsApproval/action",
    "Microsoft.Storage/storageAccounts/PrivateEndpointConnectionsApproval/action",
  ),
  azurerm_public_ip: inGroup("Microsoft.Network/publicIPAddresses/write"),
  azurerm_resource_group: [
    { action: "Microsoft.Resources/subscriptions/resourceGroups/write", scope: "subscription" },
  ],
  azurerm_role_assignment: inGroup("Microsoft.Authorization/roleAssignments/write"),
  azurerm_role_definition: [
    { action: "Microsoft.Authorization/roleDefinitions/write", scope: "subscription" },
  ],
  azurerm_service_plan: inGroup("Microsoft.Web/serverfarms/write"),
  azurerm_storage_account: inGroup("Microsoft.Storage/storageAccounts/write"),
  azurerm_storage_container: inGroup("Microsoft.Storage/storageAccounts/blobServices/containers/write"),
  azurerm_storage_container_immutability_policy: inGroup(
    "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies/write",
  ),
  azurerm_storage_management_policy: inGroup("Microsoft.Storage/storageAccounts/managementPolicies/write"),
  azurerm_subnet: inGroup("Microsoft.Network/virtualNetworks/subnets/write"),
  azurerm_subnet_nat_gateway_association: ofItsParent,
  azurerm_subnet_network_security_group_association: ofItsParent,
  azurerm_user_assigned_identity: inGroup("Microsoft.ManagedIdentity/userAssignedIdentities/write"),
  azurerm_virtual_machine_data_disk_attachment: ofItsParent,
  azurerm_virtual_machine_extension: inGroup("Microsoft.Compute/virtualMachines/extensions/write"),
  azurerm_virtual_network: inGroup("Microsoft.Network/virtualNetworks/write"),
};

/** The rights that a stack's deployer needs. */
export function actionsOf(types: readonly string[]): AzureAction[] {
  const actions = types.flatMap((type) => actionsByType[type] ?? []);
  return [...new Map(actions.map((one) => [`${one.scope} ${one.action}`, one])).values()];
}
