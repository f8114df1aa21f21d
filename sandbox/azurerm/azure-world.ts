import { join } from "node:path";
import { z } from "zod";
import { namesInKeyId } from "../../environments/rules/vault-unseal-key";
import type { Environment } from "../../environments/schema";
import { UserError } from "../../lib/processes/user-error";
import type { EvaluatedSystem, Resource } from "../../lib/synthesized/evaluated-system";
import { parseResourceId, resourceGroupType } from "../azure/model/resource-id";
import type { ArmResource, AzureWorld } from "../azure/model/world";
import { armId } from "./arm-ids";
import { systemAssignedClientId } from "./computed-attributes";
import { keyVaultName } from "./key-vaults";
import { signedInObjectId, subscriptionId, tenantId } from "./made-up-values";
import { deployerApplication, peopleOf } from "./people";
import { privateAddress, subnetOf } from "./private-addresses";
import { networkInterfaceOf } from "./virtual-machines";

const named = z.object({ id: z.string(), name: z.string() });

/** A block that cdktf writes as an object or as a list with one object. */
const block = <Schema extends z.ZodType>(schema: Schema) =>
  z.union([schema, z.tuple([schema]).transform(([only]) => only)]);

/**
 * The content of the stand-in for Azure, from the synthesized stacks. The people's names come from the environment,
 * because the stacks do not contain them.
 * @param folder the stacks' output folder, which has the files that they push
 */
export function worldOf(deployment: EvaluatedSystem, environment: Environment, folder = ""): AzureWorld {
  const of = <Item>(type: string, read: (resource: Resource) => Item): Item[] =>
    deployment.resources(type).map(read);
  const other = ofOtherEnvironment(environment);
  return {
    tenantId,
    subscriptionId,
    identities: of("azurerm_user_assigned_identity", userAssignedIdentity),
    virtualMachines: of("azurerm_linux_virtual_machine", virtualMachine),
    sites: of("azurerm_linux_web_app", site),
    keyVaults: [...of("azurerm_key_vault", keyVault), ...other.keyVaults],
    keys: [...of("azurerm_key_vault_key", key), ...other.keys],
    certificates: of("azurerm_key_vault_certificate", certificate),
    roleDefinitions: of("azurerm_role_definition", roleDefinition),
    roleAssignments: of("azurerm_role_assignment", roleAssignment),
    people: peopleOf(environment, signedInObjectId),
    ...deployerApplication(environment, signedInObjectId),
    storageAccounts: [
      ...of("azurerm_storage_account", (account) => storageAccount(account, folder)),
      ...other.storageAccounts,
    ],
    resources: [
      ...of("azurerm_resource_group", resourceGroup),
      ...recorded.flatMap((type) => of(type, record)),
      ...of("azurerm_network_interface", networkInterface),
      ...of("azurerm_public_ip", publicAddress),
      ...of("azurerm_private_dns_a_record", addressRecord),
      ...of("azurerm_lb", loadBalancer),
      ...of("azurerm_monitor_diagnostic_setting", diagnosticSetting),
    ],
  };
}

/** The Key Vault and the storage account of another environment that this environment uses. */
function ofOtherEnvironment({
  vault,
  restore,
}: Environment): Required<Pick<AzureWorld, "keyVaults" | "keys" | "storageAccounts">> {
  const { unsealKey } = vault;
  const { keyVaultName: name, keyName } = namesInKeyId(unsealKey ?? "");
  const resourceId = unsealKey?.replace(/\/keys\/.*$/, "");
  const from = restore?.from;
  return {
    keyVaults: resourceId ? [{ name, resourceId }] : [],
    keys: resourceId
      ? [{ keyVault: name, name: keyName, keySize: 3072, operations: ["wrapKey", "unwrapKey"] }]
      : [],
    storageAccounts: from ? [{ name: from.split("/").at(-1) ?? "", resourceId: from, blobs: [] }] : [],
  };
}

/** Types that the sandbox only records. */
const recorded = [
  "azurerm_virtual_network",
  "azurerm_subnet",
  "azurerm_network_security_group",
  "azurerm_nat_gateway",
  "azurerm_private_dns_zone",
  "azurerm_managed_disk",
  "azurerm_mysql_flexible_server",
  "azurerm_service_plan",
  "azurerm_application_insights",
  "azurerm_log_analytics_workspace",
];

const recordedArguments = z.object({
  name: z.string(),
  location: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
});

function record(resource: Resource): ArmResource {
  const id = armId(resource);
  const type = parseResourceId(id)?.type;
  if (type === undefined) throw new UserError(`${resource.title} has no type in Azure.`);
  return { id, type, ...resource.read(recordedArguments) };
}

function resourceGroup(resource: Resource): ArmResource {
  return { id: armId(resource), type: resourceGroupType, ...resource.read(recordedArguments) };
}

function networkInterface(resource: Resource): ArmResource {
  const { id, ip_configuration } = resource.read({
    id: z.string(),
    ip_configuration: z.tuple([z.object({ public_ip_address_id: z.string().optional() })]),
  });
  const { public_ip_address_id } = ip_configuration[0];
  const pools = resource.stack.deployment
    .resources("azurerm_network_interface_backend_address_pool_association")
    .map((one) => one.read({ network_interface_id: z.string(), backend_address_pool_id: z.string() }))
    .filter(({ network_interface_id }) => network_interface_id === id);
  const properties = {
    privateIPAddress: privateAddress(resource),
    subnet: { id: String(subnetOf(resource).attribute(["id"])) },
    ...(public_ip_address_id && { publicIPAddress: { id: public_ip_address_id } }),
    ...(pools.length > 0 && {
      loadBalancerBackendAddressPools: pools.map(({ backend_address_pool_id }) => ({
        id: backend_address_pool_id,
      })),
    }),
  };
  return { ...record(resource), properties: { ipConfigurations: [{ properties }] } };
}

function publicAddress(resource: Resource): ArmResource {
  const { location, domain_name_label } = resource.read({
    location: z.string(),
    domain_name_label: z.string().optional(),
  });
  if (domain_name_label === undefined) return record(resource);
  const fqdn = `${domain_name_label}.${location}.cloudapp.azure.com`;
  return { ...record(resource), properties: { dnsSettings: { fqdn } } };
}

function addressRecord(resource: Resource): ArmResource {
  const { name, zone_name, records } = resource.read({
    name: z.string(),
    zone_name: z.string(),
    records: z.array(z.string()),
  });
  const aRecords = records.map((ipv4Address) => ({ ipv4Address }));
  // Terraform's tags are the record's metadata in Azure.
  const { tags: metadata, ...rest } = record(resource);
  return { ...rest, properties: { fqdn: `${name}.${zone_name}.`, aRecords, metadata } };
}

/** Includes the balancer's probes and rules, which are separate resources in Terraform but not in Azure. */
function loadBalancer(resource: Resource): ArmResource {
  const parts = <Part>(type: string, read: (part: Resource) => Part): { properties: Part }[] =>
    resource.stack.deployment
      .resources(type)
      .filter((part) => part.attribute(["loadbalancer_id"]) === resource.attribute(["id"]))
      .map((part) => ({ properties: read(part) }));
  return {
    ...record(resource),
    properties: {
      frontendIPConfigurations: [{ properties: { privateIPAddress: privateAddress(resource) } }],
      probes: parts("azurerm_lb_probe", (probe) => {
        const { protocol, request_path, interval_in_seconds } = probe.read({
          protocol: z.string(),
          request_path: z.string(),
          interval_in_seconds: z.number(),
        });
        return { protocol, requestPath: request_path, intervalInSeconds: interval_in_seconds };
      }),
      loadBalancingRules: parts("azurerm_lb_rule", (rule) => {
        const { protocol, frontend_port, backend_port } = rule.read({
          protocol: z.string(),
          frontend_port: z.number(),
          backend_port: z.number(),
        });
        return { protocol, frontendPort: frontend_port, backendPort: backend_port };
      }),
    },
  };
}

/** Source and workspace of a diagnostic setting. */
function diagnosticSetting(resource: Resource): ArmResource {
  const { name, target_resource_id, log_analytics_workspace_id, enabled_log } = resource.read({
    name: z.string(),
    target_resource_id: z.string(),
    log_analytics_workspace_id: z.string(),
    enabled_log: z.array(z.object({ category: z.string() })),
  });
  const type = "Microsoft.Insights/diagnosticSettings";
  return {
    id: `${target_resource_id}/providers/${type}/${name}`,
    name,
    type,
    properties: {
      workspaceId: log_analytics_workspace_id,
      logs: enabled_log.map(({ category }) => ({ category, enabled: true })),
    },
  };
}

function userAssignedIdentity(resource: Resource): AzureWorld["identities"][number] {
  const { id, name, client_id, principal_id } = resource.read(
    named.extend({ client_id: z.string(), principal_id: z.string() }),
  );
  return { name, resourceId: id, clientId: client_id, principalId: principal_id };
}

function virtualMachine(resource: Resource): AzureWorld["virtualMachines"][number] {
  const { identity, ...machine } = resource.read(
    named.extend({
      resource_group_name: z.string(),
      location: z.string(),
      virtual_machine_id: z.string(),
      size: z.string(),
      zone: z.string().optional(),
      tags: z.record(z.string(), z.string()).optional(),
      identity: z
        .array(
          z.object({ principal_id: z.string().optional(), identity_ids: z.array(z.string()).default([]) }),
        )
        .max(1),
    }),
  );
  const principalId = identity[0]?.principal_id;
  return {
    name: machine.name,
    resourceId: machine.id,
    resourceGroup: machine.resource_group_name,
    location: machine.location,
    vmId: machine.virtual_machine_id,
    ...(principalId && { systemAssigned: { clientId: systemAssignedClientId(resource), principalId } }),
    userAssigned: identity[0]?.identity_ids ?? [],
    ...(machine.tags && { tags: machine.tags }),
    size: machine.size,
    ...(machine.zone && { zone: machine.zone }),
    privateIpAddress: privateAddress(networkInterfaceOf(resource)),
  };
}

function site(resource: Resource): AzureWorld["sites"][number] {
  const { id, name, identity } = resource.read(
    named.extend({
      identity: z.tuple([
        z.object({ principal_id: z.string(), identity_ids: z.array(z.string()).default([]) }),
      ]),
    }),
  );
  return {
    name,
    resourceId: id,
    systemAssigned: { clientId: systemAssignedClientId(resource), principalId: identity[0].principal_id },
    userAssigned: identity[0].identity_ids,
    privateIpAddress: privateAddress(resource),
  };
}

function keyVault(resource: Resource): AzureWorld["keyVaults"][number] {
  const { id, name } = resource.read(
    // The sandbox does not read access policies, the other way to grant rights.
    named.extend({ rbac_authorization_enabled: z.literal(true) }),
  );
  return { name, resourceId: id };
}

/** A key in hardware looks like a key in software from outside. */
function key(resource: Resource): AzureWorld["keys"][number] {
  const { key_vault_id, name, key_size, key_opts } = resource.read({
    key_vault_id: z.string(),
    name: z.string(),
    key_type: z.enum(["RSA", "RSA-HSM"]),
    key_size: z.number(),
    key_opts: z.array(z.string()),
  });
  const keyVault = keyVaultName(resource.stack.deployment, key_vault_id);
  return { keyVault, name, keySize: key_size, operations: key_opts };
}

function certificate(resource: Resource): AzureWorld["certificates"][number] {
  const { key_vault_id, name, certificate_policy } = resource.read({
    key_vault_id: z.string(),
    name: z.string(),
    certificate_policy: block(
      z.object({
        issuer_parameters: block(z.object({ name: z.literal("Self") })),
        key_properties: block(
          z.object({ key_type: z.literal("RSA"), key_size: z.number(), reuse_key: z.boolean() }),
        ),
        x509_certificate_properties: block(
          z.object({
            subject: z.string(),
            subject_alternative_names: block(z.object({ dns_names: z.array(z.string()) })),
            validity_in_months: z.number(),
          }),
        ),
      }),
    ),
  });
  const { key_properties, x509_certificate_properties: x509 } = certificate_policy;
  return {
    keyVault: keyVaultName(resource.stack.deployment, key_vault_id),
    name,
    subject: x509.subject,
    dnsNames: x509.subject_alternative_names.dns_names,
    validityInMonths: x509.validity_in_months,
    reuseKey: key_properties.reuse_key,
    keySize: key_properties.key_size,
  };
}

/** Includes the blobs that the stacks push with `az storage blob upload`. */
function storageAccount(
  resource: Resource,
  folder: string,
): NonNullable<AzureWorld["storageAccounts"]>[number] {
  const { id, name } = resource.read(
    // Keys would give access without roles.
    named.extend({ shared_access_key_enabled: z.literal(false) }),
  );
  const blobs = resource.stack.deployment.resources("terraform_data").flatMap((push) => {
    const pushed = pushedBlob(push);
    if (pushed?.ACCOUNT !== name) return [];
    const file = join(folder, "stacks", push.stack.name, pushed.FILE);
    return [{ container: pushed.CONTAINER, name: pushed.BLOB, file }];
  });
  return { name, resourceId: id, blobs };
}

/** The provisioner with which a terraform_data pushes a blob (constructs/azure/package-store.ts). */
const blobPush = z.tuple([
  z.object({
    "local-exec": z.object({
      environment: z.object({
        ACCOUNT: z.string(),
        CONTAINER: z.string(),
        BLOB: z.string(),
        /** Relative to the stack's folder. */
        FILE: z.string(),
      }),
    }),
  }),
]);

/** Returns undefined for a terraform_data that pushes no blob. */
function pushedBlob(resource: Resource) {
  const { data } = blobPush.safeParse(resource.argument("provisioner"));
  return data?.[0]["local-exec"].environment;
}

function roleDefinition(resource: Resource): AzureWorld["roleDefinitions"][number] {
  const { name, permissions } = resource.read({
    name: z.string(),
    permissions: z.tuple([
      z.strictObject({
        actions: z.array(z.string()).default([]),
        not_actions: z.array(z.string()).optional(),
        data_actions: z.array(z.string()).default([]),
      }),
    ]),
  });
  const [{ actions, not_actions, data_actions }] = permissions;
  return { name, actions, ...(not_actions && { notActions: not_actions }), dataActions: data_actions };
}

function roleAssignment(resource: Resource): AzureWorld["roleAssignments"][number] {
  const { principal_id, scope, role_definition_name, role_definition_id } = resource.read({
    principal_id: z.string(),
    scope: z.string(),
    role_definition_name: z.string().optional(),
    role_definition_id: z.string().optional(),
    condition: z.undefined("the sandbox does not support conditions on rights"),
  });
  const roleName = role_definition_name ?? customRoleName(resource.stack.deployment, role_definition_id);
  return { principalId: principal_id, roleName, scope };
}

function customRoleName(deployment: EvaluatedSystem, id: string | undefined): string {
  const roles = deployment
    .resources("azurerm_role_definition")
    .map((role) => role.read({ name: z.string(), role_definition_resource_id: z.string() }));
  const role = roles.find(({ role_definition_resource_id }) => role_definition_resource_id === id);
  if (!role) throw new UserError(`The synthesized stacks have no role with the id ${id}.`);
  return role.name;
}
