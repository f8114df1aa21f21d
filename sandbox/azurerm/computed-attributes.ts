import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";
import type { ProviderValues, Resource } from "../../lib/synthesized/evaluated-system";
import { isObject, type Value } from "../../lib/synthesized/value";
import { armId, typesWithArmId } from "./arm-ids";
import { keyVaultName } from "./key-vaults";
import { madeUpGuid, madeUpSshKey, madeUpText, tenantId } from "./made-up-values";
import { privateAddress } from "./private-addresses";

type Compute = (resource: Resource) => Value;

/** Returns the newest certificate of a Key Vault in PEM, or undefined if it does not exist. */
export type CertificatePem = (keyVault: string, name: string) => string | undefined;

/** Returns the modulus of a key's newest version, base64url, or undefined if the key does not exist. */
export type KeyModulus = (keyVault: string, name: string) => string | undefined;

/** The attributes that azurerm and random add to a resource's arguments. */
export const computedAttributes = (
  certificatePem: CertificatePem,
  keyModulus: KeyModulus,
): ProviderValues["resources"] => ({
  ...Object.fromEntries(typesWithArmId.map((type) => [type, { id: armId }])),
  azurerm_application_insights: { id: armId, connection_string: connectionString },
  azurerm_key_vault: { id: armId, vault_uri: (resource) => `https://${nameOf(resource)}.vault.azure.net/` },
  azurerm_key_vault_certificate: {
    certificate_data_base64: (resource) => certificateData(resource, certificatePem),
  },
  azurerm_key_vault_key: {
    resource_versionless_id: inKeyVault("keys"),
    n: (resource) => modulus(resource, keyModulus),
    public_key_openssh: (resource) =>
      madeUpSshKey(resource.title, resource.read({ key_size: z.number() }).key_size),
  },
  azurerm_key_vault_secret: { resource_versionless_id: inKeyVault("secrets") },
  azurerm_lb: { id: armId, private_ip_address: privateAddress },
  azurerm_lb_backend_address_pool: { id: partOf("loadbalancer_id", "backendAddressPools") },
  azurerm_lb_probe: { id: partOf("loadbalancer_id", "probes") },
  azurerm_linux_virtual_machine: { id: armId, identity, virtual_machine_id: guid("virtual_machine_id") },
  azurerm_linux_web_app: {
    id: armId,
    identity,
    default_hostname: (resource) => `${nameOf(resource)}.azurewebsites.net`,
  },
  // The sandbox has no DNS, so the server's address replaces its name.
  azurerm_mysql_flexible_server: { id: armId, fqdn: privateAddress },
  azurerm_network_interface: { id: armId, private_ip_address: privateAddress },
  azurerm_role_definition: { role_definition_resource_id: roleDefinitionId },
  azurerm_storage_account: {
    id: armId,
    primary_blob_endpoint: (resource) => `https://${nameOf(resource)}.blob.core.windows.net/`,
  },
  azurerm_user_assigned_identity: {
    id: armId,
    // Two environments have two identities.
    client_id: (resource) => madeUpGuid(`${nameOf(resource)} client_id`),
    principal_id: (resource) => madeUpGuid(`${nameOf(resource)} principal_id`),
  },
  random_string: { result: randomText },
});

/** The application id of a system-assigned identity. Its tokens contain it, but the provider has no such attribute. */
export function systemAssignedClientId(resource: Resource): string {
  return madeUpGuid(`${resource.title} identity client_id`);
}

function nameOf(resource: Resource): string {
  return resource.read({ name: z.string() }).name;
}

function guid(attribute: string): Compute {
  return (resource) => madeUpGuid(`${resource.title} ${attribute}`);
}

/** The block as written, with the principal of a system-assigned identity. */
function identity(resource: Resource): Value {
  const written = resource.argument("identity");
  const block = Array.isArray(written) ? written[0] : written;
  if (!isObject(block)) return [];
  const isSystemAssigned = String(block["type"]).split(/, */).includes("SystemAssigned");
  return [
    isSystemAssigned
      ? { ...block, principal_id: madeUpGuid(`${resource.title} identity principal_id`), tenant_id: tenantId }
      : block,
  ];
}

/** The id of a part of another resource. */
function partOf(argument: string, collection: string): Compute {
  return (resource) => `${resource.attribute([argument])}/${collection}/${nameOf(resource)}`;
}

/** The scope of rights on a key or secret, for all its versions. */
function inKeyVault(collection: "keys" | "secrets"): Compute {
  return (resource) => {
    const { key_vault_id, name } = resource.read({ key_vault_id: z.string(), name: z.string() });
    return `${key_vault_id}/${collection}/${name}`;
  };
}

/** Returns a made-up modulus if nothing has created the key yet. */
function modulus(resource: Resource, keyModulus: KeyModulus): string {
  const { key_vault_id, name } = resource.read({ key_vault_id: z.string(), name: z.string() });
  const keyVault = keyVaultName(resource.stack.deployment, key_vault_id);
  return keyModulus(keyVault, name) ?? madeUpText(`${resource.title} n`, 512);
}

function certificateData(resource: Resource, certificatePem: CertificatePem): string {
  const { deployment } = resource.stack;
  const { key_vault_id, name } = resource.read({ key_vault_id: z.string(), name: z.string() });
  const keyVault = keyVaultName(deployment, key_vault_id);
  const pem = certificatePem(keyVault, name);
  if (pem === undefined) {
    throw new UserError(`Key Vault ${keyVault} has not created the certificate ${name} yet.`);
  }
  return new X509Certificate(pem).raw.toString("base64");
}

function roleDefinitionId(resource: Resource): string {
  const { scope } = resource.read({ scope: z.string() });
  return `${scope}/providers/Microsoft.Authorization/roleDefinitions/${madeUpGuid(`${resource.title} id`)}`;
}

function connectionString(resource: Resource): string {
  const { location } = resource.read({ location: z.string() });
  const key = madeUpGuid(`${resource.title} instrumentation_key`);
  return `InstrumentationKey=${key};IngestionEndpoint=https://${location}-0.in.applicationinsights.azure.com/`;
}

/** Creates the provider's result for these settings: lower-case letters and digits. */
function randomText(resource: Resource): string {
  const { length } = resource.read({
    length: z.int().max(32),
    special: z.literal(false),
    upper: z.literal(false),
  });
  return madeUpText(resource.title, length);
}
