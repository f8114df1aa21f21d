import { loadEnvironment } from "../../../environments/load";
import type { VaultResource } from "../../../sandbox/vault-config/vault-resource";
import { asObject, type Block, sharedSystem } from "../../synthesis";
import { agent, subscriptionId, tenantId, webApp } from "../azure/example-world";

export interface DemoValues {
  /** host:port of the database server. */
  readonly database: string;
  /** Path of the audit log. It replaces /var/log/vault/memory/audit.log. */
  readonly auditLog: string;
}

/** The other stacks' outputs, by their names. */
const OUTPUTS: readonly (readonly [RegExp, string])[] = [
  [/azurerm_mysql_flexible_server.*fqdn$/, "DATABASE"],
  [/azurerm_mysql_flexible_database.*name$/, "customers"],
  [/azurerm_resource_group.*name$/, "rg-vault"],
  [/azurerm_linux_web_app.*principal_id$/, webApp],
  [/azurerm_linux_virtual_machine.*principal_id$/, agent],
];

/** Returns the Vault resources of the demo's stack vault-config, in order. This function resolves the references. */
export function demoResources({ database, auditLog }: DemoValues): VaultResource[] {
  const stack = sharedSystem(loadEnvironment("demo")).get("vault-config");
  if (!stack) throw new Error("the stack vault-config does not exist");
  const blocks = new Map(stack.resources().map((block) => [`${block.type}.${block.id}`, block]));
  const resolve = (value: unknown): unknown => {
    if (typeof value === "string") return resolveText(value);
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, resolve(inner)]));
  };
  const resolveText = (text: string): unknown => {
    const ephemeral = /^\$\{ephemeral\.(.*)\}$/.exec(text)?.[1];
    if (ephemeral) return { ephemeral };
    return text
      .replace(/\$\{([^}]*)\}/g, (_, reference: string) => known(reference, blocks, resolve))
      .replace("DATABASE:3306", database)
      .replace("/var/log/vault/memory/audit.log", auditLog);
  };
  const resources = [...blocks].map(([address, block]): VaultResource => {
    const { depends_on, lifecycle, ...given } = block.attributes;
    return {
      address,
      type: block.type,
      arguments: asObject(resolve(given)),
      dependsOn: dependenciesOf(block),
      ...(lifecycle ? { lifecycle: asObject(lifecycle) } : {}),
    };
  });
  return inOrder(resources);
}

function known(
  reference: string,
  blocks: ReadonlyMap<string, Block>,
  resolve: (value: unknown) => unknown,
): string {
  if (reference === "data.azurerm_client_config.deployer.tenant_id") return tenantId;
  if (reference === "data.azurerm_client_config.deployer.subscription_id") return subscriptionId;
  const [type, id, attribute = ""] = reference.split(".");
  const block = blocks.get(`${type}.${id}`);
  if (block) return String(resolve(block.get(attribute)));
  const value = OUTPUTS.find(([name]) => name.test(reference))?.[1];
  if (!value) throw new Error(`the test does not know ${reference}`);
  return value;
}

function dependenciesOf({ attributes }: Block): string[] {
  const { depends_on = [], ...rest } = attributes;
  const references = JSON.stringify(rest).matchAll(/\$\{(vault_\w+\.[\w-]+)\./g);
  return [
    ...new Set([...(depends_on as string[]), ...[...references].map(([, address]) => address as string)]),
  ];
}

function inOrder(resources: readonly VaultResource[]): VaultResource[] {
  const ordered = new Map<string, VaultResource>();
  const visit = (resource: VaultResource): void => {
    if (ordered.has(resource.address)) return;
    for (const it of resources) if (resource.dependsOn.includes(it.address)) visit(it);
    ordered.set(resource.address, resource);
  };
  resources.forEach(visit);
  return [...ordered.values()];
}
