import { fields, list, propertiesOf, text } from "../../model/fields";
import { Refusal } from "../../server/refusal";
import { guidFor } from "./managed-identities";
import type { ResourceTypes } from "./resource-type";

export const monitoringTypes: ResourceTypes = {
  "microsoft.operationalinsights/workspaces": {
    defaults: () => ({
      properties: {
        features: { legacy: 0, searchVersion: 1, enableLogAccessUsingOnlyResourcePermissions: true },
        publicNetworkAccessForIngestion: "Enabled",
        publicNetworkAccessForQuery: "Enabled",
        workspaceCapping: { dailyQuotaGb: -1 },
      },
    }),
    computed: ({ id }) => ({
      properties: { customerId: guidFor(id), createdDate: new Date().toISOString() },
    }),
    actions: {
      sharedkeys: ({ id }) => ({
        primarySharedKey: Buffer.from(`primary of ${guidFor(id)}`).toString("base64"),
        secondarySharedKey: Buffer.from(`secondary of ${guidFor(id)}`).toString("base64"),
      }),
    },
  },
  // Always empty, because the provider deletes workspaces permanently.
  "microsoft.operationalinsights/deletedworkspaces": {},
  "microsoft.insights/components": {
    putStatus: 200,
    defaults: () => ({
      properties: {
        RetentionInDays: 90,
        SamplingPercentage: 100,
        publicNetworkAccessForIngestion: "Enabled",
        publicNetworkAccessForQuery: "Enabled",
        DisableIpMasking: false,
        DisableLocalAuth: false,
        ForceCustomerStorageForProfiler: false,
      },
    }),
    computed: ({ id, sent }) => {
      const key = guidFor(id);
      return {
        properties: {
          AppId: guidFor(`${id} app`),
          ApplicationId: sent.name,
          InstrumentationKey: key,
          ConnectionString: `InstrumentationKey=${key};IngestionEndpoint=https://${sent.location}-0.in.applicationinsights.azure.com/;LiveEndpoint=https://${sent.location}.livediagnostics.monitor.azure.com/;ApplicationId=${guidFor(`${id} app`)}`,
          CreationDate: new Date().toISOString(),
        },
      };
    },
    // Azure creates these some time after the component, and does not delete them with it.
    written: ({ store, id, existing }, { name }) => {
      if (existing) return;
      const group = id.split(/\/providers\//i)[0];
      store.put({
        id: `${group}/providers/microsoft.insights/actionGroups/Application Insights Smart Detection`,
        name: "Application Insights Smart Detection",
        type: "Microsoft.Insights/actionGroups",
        location: "global",
        properties: { groupShortName: "SmartDetect", enabled: true },
      });
      store.put({
        id: `${group}/providers/microsoft.alertsmanagement/smartDetectorAlertRules/Failure Anomalies - ${name}`,
        name: `Failure Anomalies - ${name}`,
        type: "Microsoft.AlertsManagement/smartDetectorAlertRules",
        location: "global",
        properties: { state: "Enabled" },
      });
    },
  },
  "microsoft.insights/components/currentbillingfeatures": {
    stateless: true,
    putStatus: 200,
    implicit: () => ({ CurrentBillingFeatures: ["Basic"], DataVolumeCap: billingCap({}) }),
    computed: ({ sent }) => ({ DataVolumeCap: billingCap((sent["DataVolumeCap"] ?? {}) as object) }),
  },
  "microsoft.insights/diagnosticsettings": {
    stateless: true,
    putStatus: 200,
    defaults: () => ({ properties: { metrics: [] } }),
    computed: ({ sent, target }) => ({
      properties: {
        logAnalyticsDestinationType: text(sent.properties?.["logAnalyticsDestinationType"]) ?? null,
      },
      id: `${target.scope}/providers/Microsoft.Insights/diagnosticSettings/${target.name}`,
    }),
  },
  "microsoft.insights/actiongroups": { putStatus: 200 },
  "microsoft.insights/datacollectionendpoints": {
    defaults: () => ({ properties: { networkAcls: { publicNetworkAccess: "Enabled" } } }),
    computed: ({ id, sent }) => {
      const host = (service: string) => ({
        endpoint: `https://${sent.name}-${guidFor(id).slice(0, 4)}.${sent.location}-1.${service}.monitor.azure.com`,
      });
      return {
        properties: {
          immutableId: immutableId("dce", id),
          configurationAccess: host("handler.control"),
          logsIngestion: host("ingest"),
          metricsIngestion: host("metrics.ingest"),
        },
      };
    },
  },
  "microsoft.insights/datacollectionrules": {
    check: ({ sent, store }) => {
      const endpoint = text(propertiesOf(sent)["dataCollectionEndpointId"]);
      // The endpoint is required and must exist. Source: Azure Monitor, text logs.
      if (
        list(fields(propertiesOf(sent)["dataSources"])["logFiles"]).length > 0 &&
        !(endpoint && store.get(endpoint))
      )
        throw new Refusal(
          400,
          "InvalidPayload",
          "Data collection rule is invalid: a data source of logFiles takes a data collection endpoint that exists.",
        );
    },
    computed: ({ id }) => ({ properties: { immutableId: immutableId("dcr", id) } }),
  },
  "microsoft.insights/datacollectionruleassociations": {
    computed: ({ target }) => ({
      id: `${target.scope}/providers/Microsoft.Insights/dataCollectionRuleAssociations/${target.name}`,
    }),
  },
  "microsoft.insights/scheduledqueryrules": {},
  // Always empty, because nothing evaluates the rules.
  "microsoft.alertsmanagement/alerts": {},
  "microsoft.insights/metricalerts": { stateless: true, putStatus: 200 },
  "microsoft.insights/autoscalesettings": {
    stateless: true,
    check: ({ sent, store }) => {
      const { targetResourceUri, profiles } = propertiesOf(sent);
      const target = text(targetResourceUri);
      if (!target || !store.get(target))
        throw new Refusal(400, "InvalidTargetResource", `The autoscale target ${target} does not exist.`);
      for (const profile of list(profiles)) {
        const { minimum, default: usual, maximum } = fields(profile["capacity"]);
        // Azure writes these numbers as text. Source: Azure Monitor, Autoscale Settings - Create Or Update.
        const ordered = Number(minimum) <= Number(usual) && Number(usual) <= Number(maximum);
        if (!ordered)
          throw new Refusal(
            400,
            "InvalidAutoscaleSetting",
            `The capacity of the profile '${profile["name"]}' is invalid: minimum ${minimum}, default ${usual}, maximum ${maximum}.`,
          );
      }
    },
  },
  "microsoft.insights/workbooks": { stateless: true },
  "microsoft.alertsmanagement/smartdetectoralertrules": {},
};

/** Creates the immutable id by which the agent and the ingestion identify a rule or an endpoint. */
const immutableId = (kind: "dce" | "dcr", id: string): string => `${kind}-${guidFor(id).replaceAll("-", "")}`;

const billingCap = (sent: object): object => ({
  Cap: 100,
  WarningThreshold: 90,
  ResetTime: 0,
  StopSendNotificationWhenHitCap: false,
  StopSendNotificationWhenHitThreshold: false,
  MaxHistoryCap: 1000,
  ...sent,
});
