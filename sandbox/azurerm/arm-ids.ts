import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";
import type { Resource } from "../../lib/synthesized/evaluated-system";
import { subscriptionId } from "./made-up-values";

/** Terraform's types and Azure's. A subnet is part of its network. */
const armTypes: Record<string, string> = {
  azurerm_application_insights: "Microsoft.Insights/components",
  azurerm_key_vault: "Microsoft.KeyVault/vaults",
  azurerm_lb: "Microsoft.Network/loadBalancers",
  azurerm_linux_virtual_machine: "Microsoft.Compute/virtualMachines",
  azurerm_linux_web_app: "Microsoft.Web/sites",
  azurerm_log_analytics_workspace: "Microsoft.OperationalInsights/workspaces",
  azurerm_managed_disk: "Microsoft.Compute/disks",
  azurerm_monitor_action_group: "Microsoft.Insights/actionGroups",
  azurerm_monitor_data_collection_endpoint: "Microsoft.Insights/dataCollectionEndpoints",
  azurerm_monitor_data_collection_rule: "Microsoft.Insights/dataCollectionRules",
  azurerm_mysql_flexible_server: "Microsoft.DBforMySQL/flexibleServers",
  azurerm_nat_gateway: "Microsoft.Network/natGateways",
  azurerm_network_interface: "Microsoft.Network/networkInterfaces",
  azurerm_network_security_group: "Microsoft.Network/networkSecurityGroups",
  azurerm_private_dns_a_record: "Microsoft.Network/privateDnsZones/{zone_name}/A",
  azurerm_private_dns_zone: "Microsoft.Network/privateDnsZones",
  azurerm_public_ip: "Microsoft.Network/publicIPAddresses",
  azurerm_service_plan: "Microsoft.Web/serverFarms",
  azurerm_storage_account: "Microsoft.Storage/storageAccounts",
  azurerm_subnet: "Microsoft.Network/virtualNetworks/{virtual_network_name}/subnets",
  azurerm_user_assigned_identity: "Microsoft.ManagedIdentity/userAssignedIdentities",
  azurerm_virtual_network: "Microsoft.Network/virtualNetworks",
};

export const typesWithArmId: readonly string[] = ["azurerm_resource_group", ...Object.keys(armTypes)];

/** Returns the id from Azure Resource Manager, in the provider's spelling. */
export function armId(resource: Resource): string {
  const subscription = `/subscriptions/${subscriptionId}`;
  const { name } = resource.read({ name: z.string() });
  if (resource.type === "azurerm_resource_group") return `${subscription}/resourceGroups/${name}`;
  const armType = armTypes[resource.type];
  if (armType === undefined)
    throw new UserError(`The sandbox does not know Azure's type of ${resource.title}.`);
  const path = armType.replace(/\{(\w+)\}/, (_, argument) => String(resource.attribute([argument])));
  const { resource_group_name } = resource.read({ resource_group_name: z.string() });
  return `${subscription}/resourceGroups/${resource_group_name}/providers/${path}/${name}`;
}
