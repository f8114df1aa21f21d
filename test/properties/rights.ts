import type { Environment } from "../../environments/schema";
import type { Block, SynthesizedStack } from "../synthesis";
import { explained } from "./references";

/** A right that the system grants. docs/security.md has a row for each one with the same text. */
export interface Right {
  role: string;
  /** The holder. */
  to: string;
  /** The scope in words. */
  on: string;
  /** Kind of principal. Undefined if Azure finds it. */
  kinds: readonly (string | undefined)[];
  /**
   * `{type construct-path attribute}` of the principal, or a list of these. `<workload>` and `<n>` match any name and
   * number.
   */
  principal: string | readonly string[];
  scope: string;
}

const vaultIdentity = "{azurerm_user_assigned_identity vault-server/identity/identity principal_id}";
const people = "<object id>";
/** The deployer if the environment names signed-in-user. */
const signedIn = "<signed-in user>";

/** Every allowed right. Add a new one here and to docs/security.md, with its reason. */
export const allowedRights: readonly Right[] = [
  ...[
    ["Key Vault Certificates Officer", "The resource group of the main Key Vault"],
    ["Key Vault Crypto Officer", "The resource group of the main Key Vault"],
    ["Key Vault Secrets Officer", "The resource group of the main Key Vault"],
    ["Storage Blob Data Contributor", "The resource group of the package store"],
  ].map(([role = "", on = ""]) => ({
    role,
    to: "Deployers",
    on,
    kinds: ["User", "ServicePrincipal", undefined],
    principal: [people, signedIn],
    scope: "{azurerm_resource_group network/resource-group id}",
  })),
  {
    role: "Virtual Machine Reader",
    to: "Vault VMs' own identities",
    on: "The resource group of the VMs",
    kinds: ["ServicePrincipal"],
    principal: "{azurerm_linux_virtual_machine vault-server/node-<n>/vm/machine identity[0].principal_id}",
    scope: "{azurerm_resource_group network/resource-group id}",
  },
  {
    role: "Key Vault Crypto Service Encryption User",
    to: "Vault's identity",
    on: "The key `vault-unseal`",
    kinds: ["ServicePrincipal"],
    principal: vaultIdentity,
    scope: "{azurerm_key_vault_key vault-server/unseal-key/key resource_versionless_id}",
  },
  {
    role: "Key Vault Secrets User",
    to: "Vault's identity",
    on: "The secret of the TLS certificate",
    kinds: ["ServicePrincipal"],
    principal: vaultIdentity,
    scope:
      "{azurerm_key_vault vault-server/key-vault/vault id}/secrets/{azurerm_key_vault_certificate vault-server/certificate/certificate name}",
  },
  {
    role: "Key Vault Secrets User",
    to: "Vault's identity",
    on: "The secret of your own TLS certificate",
    kinds: ["ServicePrincipal"],
    principal: vaultIdentity,
    scope: "{azurerm_key_vault vault-server/certificate/key-vault id}/secrets/vault-example-com",
  },
  {
    role: "Vault Recovery Key Writer",
    to: "Vault's identity",
    on: "The secret `vault-recovery-keys` in the recovery Key Vault",
    kinds: ["ServicePrincipal"],
    principal: vaultIdentity,
    scope: "{azurerm_key_vault vault-server/recovery-key-vault/vault id}/secrets/vault-recovery-keys",
  },
  {
    role: "Vault Snapshot Keeper",
    to: "Vault's identity",
    on: "The container of the snapshots",
    kinds: ["ServicePrincipal"],
    principal: vaultIdentity,
    scope:
      "{azurerm_storage_account vault-server/snapshots/account id}/blobServices/default/containers/snapshots",
  },
  {
    role: "Key Vault Secrets User",
    to: "Vault's identity",
    on: "The secret `vault-license`",
    kinds: ["ServicePrincipal"],
    principal: vaultIdentity,
    scope: "{azurerm_key_vault vault-server/key-vault/vault id}/secrets/vault-license",
  },
  {
    role: "Key Vault Secrets User",
    to: "Recovery key readers",
    on: "The secret `vault-recovery-keys` in the recovery Key Vault",
    kinds: ["User", "Group", "ServicePrincipal"],
    principal: people,
    scope: "{azurerm_key_vault vault-server/recovery-key-vault/vault id}/secrets/vault-recovery-keys",
  },
  {
    role: "Virtual Machine Administrator Login",
    to: "SSH administrators",
    on: "Vault's VM",
    kinds: ["User", "Group", "ServicePrincipal"],
    principal: people,
    scope: "{azurerm_linux_virtual_machine vault-server/node-<n>/vm/machine id}",
  },
  {
    role: "Virtual Machine Administrator Login",
    to: "SSH administrators",
    on: "Each agent VM",
    kinds: ["User", "Group", "ServicePrincipal"],
    principal: people,
    scope: "{azurerm_linux_virtual_machine agent-vm/<workload>-<n>/machine id}",
  },
  ...[
    [
      "Web apps' identities",
      "{azurerm_linux_web_app web-app/app-<workload>/web-app/app identity[0].principal_id}",
    ],
    [
      "Agent VMs' identities",
      "{azurerm_linux_virtual_machine agent-vm/<workload>-<n>/machine identity[0].principal_id}",
    ],
  ].flatMap(([to = "", principal = ""]) =>
    [
      "{azurerm_key_vault vault-server/key-vault/vault id}/certificates/{azurerm_key_vault_certificate vault-server/certificate/certificate name}",
      "{azurerm_key_vault vault-server/certificate/key-vault id}/certificates/vault-example-com",
    ].map((scope) => ({
      role: "Key Vault Reader",
      to,
      on: scope.includes("vault-example-com")
        ? "The public half of your own TLS certificate"
        : "The public half of the TLS certificate",
      kinds: ["ServicePrincipal"],
      principal,
      scope,
    })),
  ),
  {
    role: "Storage Blob Data Reader",
    to: "Agent VMs' identities",
    on: "The container of the application's package",
    kinds: ["ServicePrincipal"],
    principal: "{azurerm_linux_virtual_machine agent-vm/<workload>-<n>/machine identity[0].principal_id}",
    scope: "{azurerm_storage_account agent-vm/package-store/account id}/blobServices/default/containers/app",
  },
  {
    role: "Monitoring Metrics Publisher",
    to: "Web apps' identities",
    on: "Application Insights",
    kinds: ["ServicePrincipal"],
    principal: "{azurerm_linux_web_app web-app/app-<workload>/web-app/app identity[0].principal_id}",
    scope: "{azurerm_application_insights web-app/monitoring/insights id}",
  },
];

/** Converts a role assignment to the table's form. */
export function granted(
  environment: Environment,
  stacks: ReadonlyMap<string, SynthesizedStack>,
  stack: SynthesizedStack,
  assignment: Block,
): Pick<Right, "role" | "scope"> & { principal: string; kind: unknown } {
  const say = (attribute: string) =>
    generalized(environment, explained(stacks, stack, assignment.get(attribute)));
  return {
    role: String(assignment.get("role_definition_name") ?? customRole(stacks, say("role_definition_id"))),
    kind: assignment.get("principal_type"),
    principal: say("principal_id"),
    scope: say("scope"),
  };
}

/** Returns true if a row of the table allows the assignment. */
export function allows(right: Right, assignment: ReturnType<typeof granted>): boolean {
  return (
    right.role === assignment.role &&
    right.kinds.some((kind) => kind === assignment.kind) &&
    [right.principal].flat().includes(assignment.principal) &&
    right.scope === assignment.scope
  );
}

/** Returns a custom role's name without the environment in parentheses. */
function customRole(stacks: ReadonlyMap<string, SynthesizedStack>, id: string): string {
  const path = /^\{azurerm_role_definition (\S+) role_definition_resource_id\}$/.exec(id)?.[1] ?? "";
  const definition = stacks.get("vm-reader-role")?.only("azurerm_role_definition", path);
  return String(definition?.get("name")).replace(/ \(\w+\)$/, "");
}

function generalized({ webApps, agentVms }: Environment, text: string): string {
  const names = [...webApps, ...agentVms].map(({ name }) => name);
  return text
    .replace(/^\{azurerm_client_config \S+ object_id\}$/, signedIn)
    .replace(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, people)
    .replaceAll(/ (agent-vm\/|web-app\/app-)([\w-]+?)(-\d+)?\//g, (all, stack, name, number) =>
      names.includes(name) ? ` ${stack}<workload>${number ? "-<n>" : ""}/` : all,
    )
    .replaceAll(/vault-server\/node-\d+\//g, "vault-server/node-<n>/");
}
