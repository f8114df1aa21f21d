import { type Fields, fields, list, propertiesOf, text } from "../../model/fields";
import { parentId, sameId } from "../../model/resource-id";
import type { ResourceStore } from "../../model/resource-store";
import type { ArmResource } from "../../model/world";
import { Refusal } from "../../server/refusal";
import { completedIdentity, guidFor } from "./managed-identities";
import { freeAddress, holdSubnet } from "./network";
import type { ResourceTypes } from "./resource-type";

/** Defaults of a site's configuration. Source: App Service REST API, Web Apps - Get Configuration. */
const siteConfigDefaults: Fields = {
  numberOfWorkers: 1,
  defaultDocuments: ["Default.htm", "Default.html", "index.html"],
  netFrameworkVersion: "v4.0",
  requestTracingEnabled: false,
  remoteDebuggingEnabled: false,
  remoteDebuggingVersion: "VS2022",
  httpLoggingEnabled: false,
  detailedErrorLoggingEnabled: false,
  scmType: "None",
  use32BitWorkerProcess: true,
  webSocketsEnabled: false,
  alwaysOn: false,
  managedPipelineMode: "Integrated",
  loadBalancing: "LeastRequests",
  autoHealEnabled: false,
  vnetRouteAllEnabled: false,
  vnetPrivatePortsCount: 0,
  localMySqlEnabled: false,
  ipSecurityRestrictions: [],
  scmIpSecurityRestrictions: [],
  scmIpSecurityRestrictionsUseMain: false,
  ipSecurityRestrictionsDefaultAction: "Allow",
  scmIpSecurityRestrictionsDefaultAction: "Allow",
  http20Enabled: false,
  minTlsVersion: "1.2",
  scmMinTlsVersion: "1.2",
  ftpsState: "FtpsOnly",
  acrUseManagedIdentityCreds: false,
};

const emptyConfigs: Readonly<Record<string, Fields>> = {
  appsettings: {},
  connectionstrings: {},
  azurestorageaccounts: {},
  metadata: {},
  slotconfignames: {},
  authsettings: { enabled: false },
  authsettingsv2: {
    platform: { enabled: false },
    globalValidation: {},
    identityProviders: {},
    login: {},
    httpSettings: {},
  },
  logs: {
    applicationLogs: { fileSystem: { level: "Off" } },
    httpLogs: { fileSystem: { enabled: false } },
    detailedErrorMessages: { enabled: false },
    failedRequestsTracing: { enabled: false },
  },
};

export const webTypes: ResourceTypes = {
  "microsoft.web/serverfarms": {
    putStatus: 200,
    defaults: () => ({ properties: { numberOfWorkers: 1, zoneRedundant: false, perSiteScaling: false } }),
    computed: ({ sent }) => {
      const sku = fields(sent["sku"]);
      const name = String(sku["name"]);
      const capacity = Number(sku["capacity"] ?? 1);
      const properties = propertiesOf(sent);
      return {
        kind: properties["reserved"] === true ? "linux" : "app",
        sku: { tier: tierOf(name), size: name, family: name.replace(/\d.*$/, ""), capacity },
        properties: {
          numberOfWorkers: capacity,
          maximumNumberOfWorkers: 10,
          maximumElasticWorkerCount: 1,
          status: "Ready",
        },
      };
    },
    checkDelete: ({ store }, plan) => {
      const site = store
        .ofType("Microsoft.Web/sites")
        .find(({ properties }) => sameId(String(properties?.["serverFarmId"]), plan.id));
      if (site) {
        throw new Refusal(
          409,
          "Conflict",
          `Server farm '${plan.name}' cannot be deleted because it has web app(s) ${site.name} assigned to it.`,
        );
      }
    },
  },
  // az requests this during a long deployment. It returns no workers.
  "microsoft.web/sites/instances": {},
  "microsoft.web/sites": {
    putStatus: 200,
    hidden: ["properties.siteConfig", "properties.sandboxAddress"],
    defaults: () => ({
      properties: {
        enabled: true,
        httpsOnly: false,
        clientAffinityEnabled: true,
        clientCertEnabled: false,
        clientCertMode: "Required",
        keyVaultReferenceIdentity: "SystemAssigned",
        publicNetworkAccess: "Enabled",
        vnetBackupRestoreEnabled: false,
        vnetImagePullEnabled: false,
      },
    }),
    computed: (writing) => {
      const { target, sent, existing, store } = writing;
      const subnet = text(propertiesOf(sent)["virtualNetworkSubnetId"]);
      const names = [`${target.name}.azurewebsites.net`, `${target.name}.scm.azurewebsites.net`];
      return {
        ...completedIdentity(writing),
        kind: propertiesOf(sent)["reserved"] === false ? "app" : "app,linux",
        properties: {
          sandboxAddress:
            text(propertiesOf(existing)["sandboxAddress"]) ??
            (subnet ? freeAddress(store, subnet) : undefined),
          state: "Running",
          defaultHostName: names[0],
          hostNames: [names[0]],
          enabledHostNames: names,
          outboundIpAddresses: "198.51.100.200,198.51.100.201",
          possibleOutboundIpAddresses: "198.51.100.200,198.51.100.201,198.51.100.202",
          customDomainVerificationId: guidFor(`${target.subscriptionId} domains`)
            .replaceAll("-", "")
            .toUpperCase(),
          hostNameSslStates: names.map((name, index) => ({
            name,
            sslState: "Disabled",
            hostType: index === 0 ? "Standard" : "Repository",
          })),
        },
      };
    },
    deleted: ({ store }, site) => {
      const subnet = text(propertiesOf(site)["virtualNetworkSubnetId"]);
      if (subnet) holdSubnet(store, subnet);
    },
    written: ({ store, id, body }) => {
      const sent = fields(fields(body["properties"])["siteConfig"]);
      const { appSettings, connectionStrings, ...config } = sent;
      if (Object.keys(config).length > 0) {
        const kept = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null));
        store.put(
          configOf(store, id, "web", { ...siteConfigDefaults, ...propertiesIn(store, id, "web"), ...kept }),
        );
      }
      if (Array.isArray(appSettings)) {
        const settings = list(appSettings).map(({ name, value }) => [String(name), value] as const);
        store.put(configOf(store, id, "appsettings", Object.fromEntries(settings)));
      }
    },
  },
  "microsoft.web/sites/config": {
    stateless: true,
    putStatus: 200,
    implicit: ({ target, id }, site) => {
      const name = target.name.toLowerCase();
      if (name === "web") return { properties: siteConfigDefaults };
      if (name === "publishingcredentials") return { properties: publishingCredentials(site.name, id) };
      const properties = emptyConfigs[name];
      return properties && { properties };
    },
    actions: { list: ({ resource, store }) => configAsListed(resource, store) },
  },
  "microsoft.web/sites/deploymentstatus": {
    implicit: ({ target }) => ({
      properties: {
        deploymentId: target.name,
        status: "RuntimeSuccessful",
        numberOfInstancesInProgress: 0,
        numberOfInstancesSuccessful: 1,
        numberOfInstancesFailed: 0,
        errors: [],
      },
    }),
  },
  "microsoft.web/sites/basicpublishingcredentialspolicies": {
    stateless: true,
    putStatus: 200,
    implicit: () => ({ properties: { allow: true } }),
  },
};

/** The older authentication settings show whether the newer ones are active. */
function configAsListed(config: ArmResource, store: ResourceStore): ArmResource {
  if (config.name.toLowerCase() !== "authsettings") return config;
  const newer = store.get(`${parentId(config.id)}/config/authsettingsV2`);
  return { ...config, properties: { ...config.properties, configVersion: newer ? "v2" : "v1" } };
}

/** Returns a site's current app settings. */
export function appSettingsOf(store: ResourceStore, siteId: string): Record<string, string> {
  const settings = Object.entries(propertiesIn(store, siteId, "appsettings"));
  return Object.fromEntries(settings.map(([name, value]) => [name, String(value)]));
}

/** Returns a site's configuration: start command, health check and so on. */
export const siteConfigOf = (store: ResourceStore, siteId: string): Fields => ({
  ...siteConfigDefaults,
  ...propertiesIn(store, siteId, "web"),
});

const propertiesIn = (store: ResourceStore, siteId: string, config: string): Fields =>
  propertiesOf(store.get(`${siteId}/config/${config}`) ?? {});

const configOf = (store: ResourceStore, siteId: string, name: string, properties: Fields) => ({
  ...store.get(`${siteId}/config/${name}`),
  id: `${siteId}/config/${name}`,
  name,
  type: "Microsoft.Web/sites/config",
  properties,
});

const publishingCredentials = (site: string, id: string): Fields => ({
  publishingUserName: `$${site}`,
  publishingPassword: guidFor(`password of ${id}`).replaceAll("-", ""),
  scmUri: `https://$${site}:worthless@${site}.scm.azurewebsites.net`,
});

function tierOf(sku: string): string {
  const tiers: Readonly<Record<string, string>> = { F: "Free", B: "Basic", S: "Standard" };
  return (
    tiers[sku.charAt(0)] ??
    (text(sku.match(/v\d$/i)?.[0]) ? `Premium${sku.slice(-2).toUpperCase()}` : "Premium")
  );
}
