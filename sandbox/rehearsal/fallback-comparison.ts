import type { ArmResource } from "../azure/model/world";

/**
 * What azurerm makes and the fallback (sandbox/azurerm) does not, by type: why the sandbox does without. Everything else has to be
 * there after both ways.
 */
const onlyByAzurerm: Readonly<Record<string, string>> = {
  "Microsoft.Authorization/locks": "nothing in the sandbox deletes what they keep",
  "Microsoft.Network/networkSecurityGroups/securityRules": "the sandbox has no packets to filter",
  "Microsoft.Network/privateDnsZones/SOA": "Azure adds it to each zone",
  "Microsoft.Network/privateDnsZones/virtualNetworkLinks": "the sandbox goes by addresses",
  "Microsoft.Network/loadBalancers/backendAddressPools": "the machines name the pools that they are in",
  "Microsoft.DBforMySQL/flexibleServers/databases": "made in the database server itself",
  "Microsoft.DBforMySQL/flexibleServers/configurations": "the sandbox's database server has its own",
  "Microsoft.Storage/storageAccounts/blobServices": "blobs are there without it",
  "Microsoft.Storage/storageAccounts/blobServices/containers": "blobs are there without it",
  "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies": "no blob grows old here",
  "Microsoft.Storage/storageAccounts/managementPolicies": "no blob grows old here",
  "Microsoft.Web/sites/config": "the settings come out of the stacks themselves",
  "Microsoft.Web/sites/basicPublishingCredentialsPolicies": "the sandbox has no way in by passwords",
  "Microsoft.Insights/components/CurrentBillingFeatures": "Azure adds it to each Application Insights",
  "Microsoft.Insights/actionGroups":
    "Azure adds one beside Application Insights; nobody gets mail from the sandbox",
  "Microsoft.Compute/virtualMachines/extensions": "the sandbox's machines have no agents of Azure",
  "Microsoft.Insights/dataCollectionEndpoints": "test/sandbox/system/alerts.test.ts plays the agent",
  "Microsoft.Insights/dataCollectionRules": "test/sandbox/system/alerts.test.ts plays the agent",
  "Microsoft.Insights/dataCollectionRuleAssociations": "test/sandbox/system/alerts.test.ts plays the agent",
  "Microsoft.Insights/scheduledQueryRules": "tests run the queries",
  "Microsoft.Insights/metricAlerts": "the sandbox measures nothing",
  "Microsoft.Insights/workbooks": "the sandbox has no portal",
  "Microsoft.AlertsManagement/smartDetectorAlertRules": "Azure adds it beside Application Insights",
};

/** Values that differ by nature: what is made up on both sides, and what is loopback on one. */
const madeUp =
  /(?:^|\.)(?:vmId|clientId|privateIPAddress|ipv4Address|tenantId|createdOn|provisioningState|state|enabled)$/;

/** What one way made and the other did not, or made otherwise; a line each. */
export function differencesFromFallback(
  real: readonly ArmResource[],
  fallback: readonly ArmResource[],
): string[] {
  const [byAzurerm, byFallback] = [named(real), named(fallback)];
  const missing = [...byAzurerm]
    .filter(([key, { type }]) => !byFallback.has(key) && !explained(key, type))
    .map(([key]) => `only azurerm makes ${key}`);
  const invented = [...byFallback.keys()]
    .filter((key) => !byAzurerm.has(key))
    .map((key) => `only the fallback makes ${key}`);
  const different = [...byFallback].flatMap(([key, resource]) => {
    const made = byAzurerm.get(key);
    return made ? differences(resource, made).map((difference) => `${key}: ${difference}`) : [];
  });
  return [...missing, ...invented, ...different];
}

/** Azure writes types in letters of its own choice, and makes a VM's system disk by itself. */
function explained(key: string, type: string): boolean {
  const known = Object.keys(onlyByAzurerm).some((one) => one.toLowerCase() === type.toLowerCase());
  return known || /\/disks\/[^/]+_osdisk_1_[0-9a-f]+$/.test(key);
}

/** By id; roles by name and assignments by what they say, since their ids are made up. Principals are those of their resources. */
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

/** What the fallback says of a resource and azurerm does not. */
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

/** Lists whose order means nothing, which azurerm sends in one of its own. */
const sets = /(?:^|\.)(?:actions|dataActions|logs)$/;

const inOrder = (list: readonly unknown[]): unknown[] =>
  list.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));

/** The ids of user-assigned identities are keys. */
function lowerCaseKeys(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [short(key), one]));
}

/** Without the subscription, which differs, and in small letters, which Azure does not tell apart. */
const short = (text: string): string => text.toLowerCase().replace(/^\/subscriptions\/[^/]+/, "");
