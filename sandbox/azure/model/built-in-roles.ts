import type { RoleDefinition } from "./role-definition";

const keyVault = (...operations: string[]) =>
  operations.map((operation) => `Microsoft.KeyVault/vaults/${operation}`);

const dataRole = (name: string, ...operations: string[]): RoleDefinition => ({
  name,
  actions: [],
  dataActions: keyVault(...operations),
});

const managementRole = (name: string, actions: string[], notActions: string[] = []): RoleDefinition => ({
  name,
  actions,
  notActions,
  dataActions: [],
});

/**
 * The relevant parts of the built-in roles. Source:
 * learn.microsoft.com/azure/role-based-access-control/built-in-roles.
 */
const roles: RoleDefinition[] = [
  dataRole("Key Vault Administrator", "*"),
  dataRole("Key Vault Reader", "*/read", "secrets/readMetadata/action"),
  dataRole("Key Vault Secrets User", "secrets/getSecret/action", "secrets/readMetadata/action"),
  dataRole("Key Vault Secrets Officer", "secrets/*"),
  dataRole(
    "Key Vault Certificates Officer",
    "certificatecas/*",
    "certificates/*",
    "certificatecontacts/write",
  ),
  dataRole(
    "Key Vault Certificate User",
    "certificates/read",
    "secrets/getSecret/action",
    "secrets/readMetadata/action",
    "keys/read",
  ),
  dataRole("Key Vault Crypto Officer", "keys/*", "keyrotationpolicies/*"),
  dataRole(
    "Key Vault Crypto User",
    ...[
      "read",
      "update/action",
      "backup/action",
      "encrypt/action",
      "decrypt/action",
      "wrap/action",
      "unwrap/action",
    ].map((operation) => `keys/${operation}`),
    "keys/sign/action",
    "keys/verify/action",
  ),
  dataRole("Key Vault Crypto Service Encryption User", "keys/read", "keys/wrap/action", "keys/unwrap/action"),
  {
    name: "Monitoring Metrics Publisher",
    actions: [],
    dataActions: ["Microsoft.Insights/Metrics/Write", "Microsoft.Insights/Telemetry/Write"],
  },
  ...["Reader", "Contributor"].map(
    (kind): RoleDefinition => ({
      name: `Storage Blob Data ${kind}`,
      actions: [],
      dataActions: [
        `Microsoft.Storage/storageAccounts/blobServices/containers/blobs/${kind === "Reader" ? "read" : "*"}`,
      ],
    }),
  ),
  managementRole("Owner", ["*"]),
  managementRole(
    "Contributor",
    ["*"],
    ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"],
  ),
  managementRole("Reader", ["*/read"]),
  managementRole("Managed Identity Operator", ["Microsoft.ManagedIdentity/userAssignedIdentities/*/read"]),
  managementRole("Virtual Machine Contributor", ["Microsoft.Compute/virtualMachines/*"]),
  managementRole("Virtual Machine Administrator Login", ["Microsoft.Compute/virtualMachines/*/read"]),
  managementRole("Virtual Machine User Login", ["Microsoft.Compute/virtualMachines/*/read"]),
];

/** Azure's own ids, the same in every tenant. Source: the same page. */
const ids: Readonly<Record<string, string>> = {
  "Key Vault Administrator": "00482a5a-887f-4fb3-b363-3b7fe8e74483",
  "Key Vault Reader": "21090545-7ca7-4776-b22c-e363652d74d2",
  "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
  "Key Vault Secrets Officer": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
  "Key Vault Certificates Officer": "a4417e6f-fecd-4de8-b567-7b0420556985",
  "Key Vault Certificate User": "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba",
  "Key Vault Crypto Officer": "14b46e9e-c2b7-41b4-b07b-48a6ebf60603",
  "Key Vault Crypto User": "12338af0-0e69-4776-bea7-57ae8d297424",
  "Key Vault Crypto Service Encryption User": "e147488a-f6f5-4113-8e2d-b22465e65bf6",
  "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
  "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
  "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
  Owner: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
  Contributor: "b24988ac-6180-42a0-ab88-20f7382dd24c",
  Reader: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
  "Managed Identity Operator": "f1a07417-d97a-45cb-824c-7a7467783830",
  "Virtual Machine Contributor": "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
  "Virtual Machine Administrator Login": "1c0163c0-47e6-4577-8991-ea5c82e286e4",
  "Virtual Machine User Login": "fb879df8-f326-4884-b1cf-06f3ad86be52",
};

export const builtInRoles = roles.map((role) => ({ id: ids[role.name] ?? "", ...role }));

export const builtInRole = (name: string): (RoleDefinition & { id: string }) | undefined =>
  builtInRoles.find((role) => role.name === name);

export const isBuiltInRole = (name: string): boolean => builtInRole(name) !== undefined;
