import type { ResourceTypes } from "./resource-type";

const endpoints = ["blob", "queue", "table", "file", "dfs", "web"] as const;

export const storageTypes: ResourceTypes = {
  "microsoft.storage/storageaccounts": {
    putStatus: 200,
    defaults: () => ({
      properties: {
        accessTier: "Hot",
        allowBlobPublicAccess: false,
        allowSharedKeyAccess: true,
        supportsHttpsTrafficOnly: true,
        minimumTlsVersion: "TLS1_2",
        publicNetworkAccess: "Enabled",
        networkAcls: {
          bypass: "AzureServices",
          defaultAction: "Allow",
          ipRules: [],
          virtualNetworkRules: [],
        },
        encryption: {
          keySource: "Microsoft.Storage",
          services: {
            blob: { enabled: true, keyType: "Account" },
            file: { enabled: true, keyType: "Account" },
          },
        },
      },
    }),
    computed: ({ target, sent }) => ({
      sku: { tier: String((sent["sku"] as { name?: string } | undefined)?.name).split("_")[0] },
      properties: {
        primaryLocation: sent.location,
        statusOfPrimary: "available",
        creationTime: new Date().toISOString(),
        primaryEndpoints: Object.fromEntries(
          endpoints.map((kind) => [kind, `https://${target.name}.${kind}.core.windows.net/`]),
        ),
      },
    }),
    actions: {
      // Shared keys are off in all accounts, but the provider still stores these in its state.
      listkeys: ({ target }) => ({
        keys: ["key1", "key2"].map((keyName) => ({
          keyName,
          permissions: "FULL",
          value: Buffer.from(`worthless ${keyName} of ${target.name}`).toString("base64"),
        })),
      }),
    },
  },
  "microsoft.storage/storageaccounts/blobservices": {
    implicit: () => ({ properties: { cors: { corsRules: [] }, deleteRetentionPolicy: { enabled: false } } }),
  },
  "microsoft.storage/storageaccounts/fileservices": {
    implicit: () => ({
      properties: { cors: { corsRules: [] }, shareDeleteRetentionPolicy: { enabled: true, days: 7 } },
    }),
  },
  "microsoft.storage/storageaccounts/blobservices/containers": {
    defaults: () => ({ properties: { publicAccess: "None" } }),
    computed: () => ({
      etag: `"0x${Date.now().toString(16).toUpperCase()}"`,
      properties: {
        lastModifiedTime: new Date().toISOString(),
        leaseState: "Available",
        leaseStatus: "Unlocked",
        hasImmutabilityPolicy: false,
        hasLegalHold: false,
        defaultEncryptionScope: "$account-encryption-key",
        denyEncryptionScopeOverride: false,
      },
    }),
  },
  // Source: Storage REST API, Blob Containers - Create Or Update Immutability Policy. A blob's age is not imitated.
  "microsoft.storage/storageaccounts/blobservices/containers/immutabilitypolicies": {
    putStatus: 200,
    stateless: true,
    defaults: () => ({
      properties: { allowProtectedAppendWrites: false, allowProtectedAppendWritesAll: false },
    }),
    computed: () => ({ etag: `"${Date.now().toString(16)}"`, properties: { state: "Unlocked" } }),
  },
  // Source: Storage REST API, Management Policies - Create Or Update.
  "microsoft.storage/storageaccounts/managementpolicies": {
    putStatus: 200,
    stateless: true,
    computed: () => ({ properties: { lastModifiedTime: new Date().toISOString() } }),
  },
};
