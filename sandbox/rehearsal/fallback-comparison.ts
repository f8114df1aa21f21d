import type { ArmResource } from "../azure/model/world";

/**
 * Resource types that azurerm creates and the fallback (sandbox/azurerm) does not, with the reason why the sandbox does not need
 * them. Both ways have to create everything else.
 */
const onlyByAzurerm: Readonly<Record<string, string>> = {
  "Microsoft.Authorization/locks": "nothing in the sandbox deletes what they protect",
  "Microsoft.Network/networkSecurityGroups/securityRules": "the sandbox filters no packets",
  "Microsoft.Network/privateDnsZones/SOA": "Azure adds it to each zone",
  "Microsoft.Network/privateDnsZones/virtualNetworkLinks": "the sandbox uses addresses",
  "Microsoft.Network/privateEndpoints": "the sandbox has no firewall in front of Key Vaults and storage",
  "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": "the sandbox uses addresses",
  "Microsoft.Network/loadBalancers/backendAddressPools": "the machines name their pools",
  "Microsoft.DBforMySQL/flexibleServers/databases": "the database server itself creates them",
  "Microsoft.DBforMySQL/flexibleServers/configurations": "the sandbox's database server has its own",
  "Microsoft.Storage/storageAccounts/blobServices": "blobs work without it",
  "Microsoft.Storage/storageAccounts/blobServices/containers": "blobs work without it",
  "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies": "no blob gets old here",
  "Microsoft.Storage/storageAccounts/managementPolicies": "no blob gets old here",
  "Microsoft.Web/sites/config": "the sandbox reads the settings from the stacks",
  "Microsoft.Web/sites/basicPublishingCredentialsPolicies": "the sandbox accepts no passwords",
  "Microsoft.Insights/components/CurrentBillingFeatures": "Azure adds it to each Application Insights",
  "Microsoft.Insights/actionGroups":
    "Azure adds one beside Application Insights; nobody gets mail from the sandbox",
  "Microsoft.Compute/virtualMachines/extensions": "the sandbox's machines have no agents of Azure",
  "Microsoft.Insights/dataCollectionEndpoints": "test/sandbox/system/alerts.test.ts plays the agent",
  "Microsoft.Insights/dataCollectionRules": "test/sandbox/system/alerts.test.ts plays the agent",
  "Microsoft.Insights/dataCollectionRuleAssociations": "test/sandbox/system/alerts.test.ts plays the agent",
  "Microsoft.Insights/scheduledQueryRules": "tests run the queries",
  "Microsoft.Insights/metricAlerts": "the sandbox measures nothing",
  "Microsoft.Insights/autoscaleSettings": "each web app of the sandbox is one process",
  "Microsoft.Insights/workbooks": "the sandbox has no portal",
  "Microsoft.AlertsManagement/smartDetectorAlertRules": "Azure adds it beside Application Insights",
};

/** Values that always differ: both sides make up ids, and one side uses loopback addresses. */
const madeUp =
  /(?:^|\.)(?:vmId|clientId|privateIPAddress|ipv4Address|tenantId|createdOn|provisioningState|state|enabled)$/;

/** Resources that only one way creates or that differ, one a line. */
export function differencesFromFallback(
  real: readonly ArmResource[],
  fallback: readonly ArmResource[],
): string[] {
  const [byAzurerm, byFallback] = [named(real), named(fallback)];
  const missing = [...byAzurerm]
    .filter(([key, { type }]) => !byFallback.has(key) && !explained(key, type))
    .map(([key]) => `only azurerm creates ${key}`);
  const invented = [...byFallback.keys()]
    .filter((key) => !byAzurerm.has(key))
    .map((key) => `only the fallback creates ${key}`);
  const different = [...byFallback].flatMap(([key, resource]) => {
    const made = byAzurerm.get(key);
    return made ? differences(resource, made).map((difference) => `${key}: ${difference}`) : [];
  });
  return [...missing, ...invented, ...different];
}

/** Azure uses its own case for types, and creates a VM's system disk and what belongs to a private endpoint by itself. */
function explained(key: string, type: string): boolean {
  const known = Object.keys(onlyByAzurerm).some((one) => one.toLowerCase() === type.toLowerCase());
  const byItself =
    /\/disks\/[^/]+_osdisk_1_[0-9a-f]+$|\/networkinterfaces\/pep-[^/]+$|\/privatelink\.[^/]+\/a\/[^/]+$/;
  return known || byItself.test(key);
}

/** Resources by id, except roles by name and assignments by content, because their ids are random. Principals become their resources. */
function named(resources: readonly ArmResource[]): Map<string, ArmResource> {
  const principals = new Map(
    resources.flatMap(({ id, identity, properties }) => {
      const principal = identity?.["principalId"] ?? properties?.["principalId"];
      const isAssignment = id.includes("/roleAssignments/");
      return principal && !isAssignment ? [[String(principal), `the identity of ${short(id)}`] as const] : [];
    }),
  );
  const roles = new Map(
    resources.flatMap(({ name, properties }) =>
      properties?.["roleName"] ? [[name, String(properties["roleName"])] as const] : [],
    ),
  );
  return new Map(
    resources.map((resource) => {
      const { id, name, properties = {} } = resource;
      if (roles.has(name)) return [`the role ${roles.get(name)}`, resource];
      if (!id.includes("/roleAssignments/")) return [short(id), resource];
      const { principalId, roleDefinitionId, scope } = properties;
      const role = String(roleDefinitionId).split("/").at(-1) ?? "";
      const principal = principals.get(String(principalId)) ?? principalId;
      return [`${principal} has ${roles.get(role) ?? role} on ${short(String(scope))}`, resource];
    }),
  );
}

/** Values of the fallback's resource that differ in azurerm's. */
function differences(said: unknown, made: unknown, path = ""): string[] {
  if (madeUp.test(path) || said === undefined) return [];
  if (typeof said === "string" && typeof made === "string") {
    return short(said) === short(made) ? [] : [`${path} is ${made}, not ${said}`];
  }
  if (typeof said !== "object" || said === null) {
    return said === made ? [] : [`${path} is ${JSON.stringify(made)}, not ${JSON.stringify(said)}`];
  }
  const other = lowerCaseKeys(made);
  if (Array.isArray(said) && Array.isArray(made) && sets.test(path))
    return differences({ ...inOrder(said) }, { ...inOrder(made) }, path);
  return Object.entries(said).flatMap(([key, value]) =>
    /^(?:id|name|principalId|roleDefinitionId|scope)$/.test(key)
      ? []
      : differences(value, other[short(key)], path ? `${path}.${key}` : key),
  );
}

/** Lists without a meaningful order. azurerm sorts them in its own way. */
const sets = /(?:^|\.)(?:actions|dataActions|logs)$/;

const inOrder = (list: readonly unknown[]): unknown[] =>
  list.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));

/** The ids of user-assigned identities are keys. */
function lowerCaseKeys(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [short(key), one]));
}

/** Removes the subscription, which differs, and lowers the case, which Azure ignores. */
const short = (text: string): string => text.toLowerCase().replace(/^\/subscriptions\/[^/]+/, "");
