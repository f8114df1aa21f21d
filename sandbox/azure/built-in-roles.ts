import type { RoleDefinition } from "./world";

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

/** Source: learn.microsoft.com/azure/role-based-access-control/built-in-roles, the parts this stand-in can be asked about. */
const builtInRoles: RoleDefinition[] = [
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

export const builtInRole = (name: string): RoleDefinition | undefined =>
  builtInRoles.find((role) => role.name === name);

export const isBuiltInRole = (name: string): boolean => builtInRole(name) !== undefined;
