import type { AccessControl } from "../../model/access-control";
import { parseResourceId } from "../../model/resource-id";
import type { ResourceStore } from "../../model/resource-store";
import type { ArmResource, AzureWorld } from "../../model/world";
import type { AzureResponse } from "../../server/azure-response";
import { notImitated, Refusal } from "../../server/refusal";
import { findRoute, type Parameters, type Route } from "../../server/routes";
import type { AzureRequest } from "../../server/service";
import { permissionOf } from "./authorization";
import { machineSizeNames } from "./compute";
import { deletedVaultType } from "./key-vaults";
import { resourceProviders, resourceTypes } from "./resource-types";

interface SubscriptionCall {
  request: AzureRequest;
  parameters: Parameters;
  principalId: string;
  world: AzureWorld;
  store: ResourceStore;
  accessControl: AccessControl;
}

interface SubscriptionRoute extends Route {
  /** The right that a caller needs on the subscription. Undefined if everyone may ask. */
  action?: string;
  answer: (call: SubscriptionCall) => unknown;
}

/** The stand-in's locations. */
const locations = ["westeurope", "northeurope", "germanywestcentral"];

const providerRead = "Microsoft.Resources/subscriptions/providers/read";

/** Requests to a subscription or a tenant that are not resources. Source: Azure's REST reference, by the path. */
const routes: SubscriptionRoute[] = [
  { request: "GET /tenants", answer: ({ world }) => ({ value: [tenant(world)] }) },
  { request: "GET /subscriptions", answer: ({ world }) => ({ value: [subscription(world)] }) },
  { request: "GET /subscriptions/{s}", answer: ({ world }) => subscription(world) },
  {
    request: "GET /subscriptions/{s}/locations",
    answer: ({ world }) => ({
      value: locations.map((name) => ({
        id: `/subscriptions/${world.subscriptionId}/locations/${name}`,
        name,
        displayName: name,
        regionalDisplayName: name,
        metadata: { regionType: "Physical" },
      })),
    }),
  },
  {
    request: "GET /subscriptions/{s}/providers",
    action: providerRead,
    answer: ({ world }) => ({ value: resourceProviders.map((name) => provider(world, name)) }),
  },
  {
    request: "GET /subscriptions/{s}/providers/{namespace}",
    action: providerRead,
    answer: ({ world, parameters }) => provider(world, parameters["namespace"] ?? ""),
  },
  {
    request: "POST /subscriptions/{s}/providers/{namespace}/register",
    action: "Microsoft.Resources/register/action",
    answer: ({ world, parameters }) => provider(world, parameters["namespace"] ?? ""),
  },
  {
    request: "GET /subscriptions/{s}/resources",
    action: "Microsoft.Resources/subscriptions/resources/read",
    answer: ({ store, request }) => ({ value: resourcesOfFilter(store, request.query) }),
  },
  {
    request: "GET /subscriptions/{s}/resourceGroups/{group}/resources",
    action: "Microsoft.Resources/subscriptions/resourceGroups/read",
    answer: ({ store, world, parameters }) => ({
      value: tracked(
        store.below(`/subscriptions/${world.subscriptionId}/resourceGroups/${parameters["group"]}`),
      ),
    }),
  },
  {
    request: "POST /subscriptions/{s}/providers/{namespace}/checkNameAvailability",
    answer: ({ store, request }) => nameAvailability(store, request),
  },
  {
    request: "GET /subscriptions/{s}/providers/Microsoft.KeyVault/deletedVaults",
    action: "Microsoft.KeyVault/deletedVaults/read",
    answer: ({ store }) => ({ value: store.ofType(deletedVaultType) }),
  },
  {
    request: "GET /subscriptions/{s}/providers/Microsoft.Compute/skus",
    action: "Microsoft.Compute/skus/read",
    answer: () => ({ value: machineSizes() }),
  },
  {
    request: "GET /subscriptions/{s}/providers/Microsoft.Compute/locations/{location}/usages",
    action: "Microsoft.Compute/locations/usages/read",
    answer: () => ({
      value: ["cores", "standardDSv3Family"].map((value) => ({
        name: { value, localizedValue: value },
        currentValue: 0,
        limit: 100,
        unit: "Count",
      })),
    }),
  },
  {
    request: "GET /subscriptions/{s}/providers/Microsoft.Features/providers/{namespace}/features/{feature}",
    action: "Microsoft.Features/providers/features/read",
    answer: ({ world, parameters: { namespace, feature } }) => ({
      id: `/subscriptions/${world.subscriptionId}/providers/Microsoft.Features/providers/${namespace}/features/${feature}`,
      name: `${namespace}/${feature}`,
      type: "Microsoft.Features/providers/features",
      properties: { state: "Registered" },
    }),
  },
  {
    request: "GET /subscriptions/{s}/providers/Microsoft.Web/geoRegions",
    action: "Microsoft.Web/geoRegions/read",
    answer: () => ({ value: locations.map((name) => ({ name, type: "Microsoft.Web/geoRegions" })) }),
  },
  {
    request: "GET /subscriptions/{s}/providers/Microsoft.OperationalInsights/deletedWorkspaces",
    action: "Microsoft.OperationalInsights/deletedWorkspaces/read",
    answer: () => ({ value: [] }),
  },
  {
    request:
      "GET /subscriptions/{s}/providers/Microsoft.DBforMySQL/locations/{location}/capabilitySets/default",
    action: "Microsoft.DBforMySQL/locations/capabilitySets/read",
    answer: () => ({ name: "default", properties: mysqlCapabilities }),
  },
];

/** Returns undefined for any other path. */
export function answerForSubscription(
  request: AzureRequest,
  context: Omit<SubscriptionCall, "request" | "parameters">,
): AzureResponse | undefined {
  const found = findRoute(routes, request.method, request.path);
  if (!found) return undefined;
  const { route, parameters } = found;
  const { principalId, store, accessControl } = context;
  const scope = `/subscriptions/${parameters["s"]}`;
  if (parameters["s"] !== undefined) checkSubscription(store, parameters["s"]);
  if (route.action) accessControl.requireAction(principalId, route.action, scope);
  return { status: 200, body: route.answer({ request, parameters, ...context }) };
}

export function checkSubscription(store: ResourceStore, id: string): void {
  if (!store.hasSubscription(id))
    throw new Refusal(404, "SubscriptionNotFound", `The subscription '${id}' could not be found.`);
}

/** Addresses of Azure's services. Source: azurerm requests it before the sign-in. */
export const metadataEndpoints = {
  portal: "https://portal.azure.com",
  authentication: {
    loginEndpoint: "https://login.microsoftonline.com",
    audiences: ["https://management.core.windows.net/", "https://management.azure.com/"],
    tenant: "common",
    identityProvider: "AAD",
  },
  media: "https://rest.media.azure.net",
  graphAudience: "https://graph.windows.net/",
  graph: "https://graph.windows.net/",
  name: "AzureCloud",
  suffixes: {
    azureDataLakeStoreFileSystem: "azuredatalakestore.net",
    acrLoginServer: "azurecr.io",
    sqlServerHostname: "database.windows.net",
    azureDataLakeAnalyticsCatalogAndJob: "azuredatalakeanalytics.net",
    keyVaultDns: "vault.azure.net",
    storage: "core.windows.net",
    azureFrontDoorEndpointSuffix: "azurefd.net",
    storageSyncEndpointSuffix: "afs.azure.net",
    mhsmDns: "managedhsm.azure.net",
    mysqlServerEndpoint: "mysql.database.azure.com",
    postgresqlServerEndpoint: "postgres.database.azure.com",
    mariadbServerEndpoint: "mariadb.database.azure.com",
    synapseAnalytics: "dev.azuresynapse.net",
    attestationEndpoint: "attest.azure.net",
  },
  batch: "https://batch.core.windows.net/",
  resourceManager: "https://management.azure.com/",
  vmImageAliasDoc:
    "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/main/arm-compute/quickstart-templates/aliases.json",
  activeDirectoryDataLake: "https://datalake.azure.net/",
  sqlManagement: "https://management.core.windows.net:8443/",
  microsoftGraphResourceId: "https://graph.microsoft.com/",
  appInsightsResourceId: "https://api.applicationinsights.io",
  appInsightsTelemetryChannelResourceId: "https://dc.applicationinsights.azure.com/v2/track",
  attestationResourceId: "https://attest.azure.net",
  synapseAnalyticsResourceId: "https://dev.azuresynapse.net",
  logAnalyticsResourceId: "https://api.loganalytics.io",
  ossrDbmsResourceId: "https://ossrdbms-aad.database.windows.net",
};

const tenant = ({ tenantId }: AzureWorld) => ({
  id: `/tenants/${tenantId}`,
  tenantId,
  countryCode: "NL",
  displayName: "Sandbox",
  domains: ["sandbox.example"],
  defaultDomain: "sandbox.example",
  tenantCategory: "Home",
  tenantType: "AAD",
});

const subscription = ({ tenantId, subscriptionId }: AzureWorld) => ({
  id: `/subscriptions/${subscriptionId}`,
  authorizationSource: "RoleBased",
  managedByTenants: [],
  subscriptionId,
  tenantId,
  displayName: "Sandbox",
  state: "Enabled",
  subscriptionPolicies: {
    locationPlacementId: "Public_2014-09-01",
    quotaId: "PayAsYouGo_2014-09-01",
    spendingLimit: "Off",
  },
});

function provider({ subscriptionId }: AzureWorld, namespace: string): unknown {
  const name = resourceProviders.find((one) => one.toLowerCase() === namespace.toLowerCase());
  if (!name)
    throw new Refusal(404, "InvalidResourceNamespace", `The resource namespace '${namespace}' is invalid.`);
  return {
    id: `/subscriptions/${subscriptionId}/providers/${name}`,
    namespace: name,
    registrationPolicy: "RegistrationRequired",
    registrationState: "Registered",
    resourceTypes: Object.keys(resourceTypes)
      .filter((type) => type.startsWith(`${name.toLowerCase()}/`))
      .map((type) => ({ resourceType: type.slice(name.length + 1), locations, apiVersions: ["2024-03-01"] })),
  };
}

/** The supported conditions of a resource list. Source: Azure, REST reference of Resources, "List". */
const conditions: Readonly<Record<string, (resource: ArmResource) => string>> = {
  resourcetype: ({ type }) => type,
  name: ({ name }) => name,
  resourcegroup: ({ id }) => parseResourceId(id)?.resourceGroup ?? "",
};

/** Returns the resources in resource groups, without their parts, that meet all conditions of `name eq 'x' and ...`. */
function resourcesOfFilter(store: ResourceStore, query: URLSearchParams): unknown[] {
  const filter = query.get("$filter") ?? "";
  const wanted = filter.split(" and ").map((condition) => {
    const [, field = "", value = ""] = /^(\w+) eq '([^']+)'$/i.exec(condition) ?? [];
    const read = conditions[field.toLowerCase()];
    if (!read) throw notImitated(`the filter ${filter} of a list of resources`);
    return (resource: ArmResource) => read(resource).toLowerCase() === value.toLowerCase();
  });
  return tracked(store.all.filter((resource) => wanted.every((meets) => meets(resource))));
}

/** A list of VMs, for example, but not of their extensions, role assignments and locks. */
const tracked = (resources: readonly ArmResource[]): unknown[] =>
  resources
    .filter(({ id, type }) => id.split("/").length === 9 && !/^Microsoft\.Authorization\//i.test(type))
    .map(({ id, name, type, location, tags }) => ({ id, name, type, location, tags }));

function nameAvailability(store: ResourceStore, { body }: AzureRequest): unknown {
  const { name = "", type = "" } = JSON.parse(body || "{}") as { name?: string; type?: string };
  const taken = [
    ...store.ofType(type),
    ...(/keyvault/i.test(type) ? store.ofType(deletedVaultType) : []),
  ].some((resource) => resource.name.toLowerCase() === name.toLowerCase());
  if (!taken) return { nameAvailable: true, reason: "", message: "" };
  return { nameAvailable: false, reason: "AlreadyExists", message: `The name '${name}' is already in use.` };
}

/** The result of `az vm list-skus`. */
function machineSizes(): unknown[] {
  return machineSizeNames.map((name) => ({
    resourceType: "virtualMachines",
    name,
    tier: "Standard",
    size: name.slice("Standard_".length),
    family: "standardDSv3Family",
    locations,
    locationInfo: locations.map((location) => ({ location, zones: ["1", "2", "3"], zoneDetails: [] })),
    capabilities: [
      { name: "vCPUs", value: "2" },
      { name: "EncryptionAtHostSupported", value: "True" },
    ],
    restrictions: [],
  }));
}

/** The MySQL server sizes of the example environments, and similar ones. */
const mysqlCapabilities = {
  supportedFlexibleServerEditions: [
    {
      name: "GeneralPurpose",
      supportedSkus: ["Standard_B1ms", "Standard_B2s", "Standard_D2ds_v4", "Standard_D4ds_v4"].map(
        (name) => ({
          name,
          vCores: 2,
          supportedHAMode: name.includes("_B") ? [] : ["ZoneRedundant", "SameZone"],
        }),
      ),
    },
  ],
  supportedServerVersions: [{ name: "8.0.21" }, { name: "8.4" }],
  supportedGeoBackupRegions: ["northeurope"],
};

export const permissionsOf = (
  accessControl: AccessControl,
  principalId: string,
  scope: string,
): { value: unknown[] } => ({
  value: accessControl.rolesAt(principalId, scope).map(permissionOf),
});
