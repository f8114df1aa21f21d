import { isBuiltInRole } from "./built-in-roles";
import type { RoleDefinition } from "./role-definition";

/**
 * The content of this Azure. The sandbox reads it from the synthesized stacks, and tests write it. Resource ids are
 * ARM ids.
 */
export interface AzureWorld {
  tenantId: string;
  subscriptionId: string;
  identities: UserAssignedIdentity[];
  virtualMachines: VirtualMachine[];
  /** Web apps and functions. */
  sites: Site[];
  keyVaults: KeyVault[];
  keys: KeyVaultKey[];
  certificates: KeyVaultCertificate[];
  /** Custom roles. built-in-roles.ts has the relevant built-in ones. */
  roleDefinitions: RoleDefinition[];
  roleAssignments: RoleAssignment[];
  people: Person[];
  storageAccounts?: StorageAccount[];
  /** Further resources in ARM's form, for example network interfaces (Raft's auto-join lists these). */
  resources?: ArmResource[];
  /** Application ID URIs of app registrations that are valid audiences, besides Microsoft's own services. */
  applicationIdUris?: string[];
  /** People's app roles, by application ID URI. */
  appRoles?: { principalId: string; applicationIdUri: string; role: string }[];
}

/** An empty Azure with one tenant and one subscription. */
export const emptyWorld = (tenantId: string, subscriptionId: string): AzureWorld => ({
  tenantId,
  subscriptionId,
  identities: [],
  virtualMachines: [],
  sites: [],
  keyVaults: [],
  keys: [],
  certificates: [],
  roleDefinitions: [],
  roleAssignments: [],
  people: [],
});

export interface ManagedIdentity {
  clientId: string;
  principalId: string;
}

export interface UserAssignedIdentity extends ManagedIdentity {
  name: string;
  resourceId: string;
}

export interface VirtualMachine {
  name: string;
  resourceId: string;
  resourceGroup: string;
  location: string;
  vmId: string;
  systemAssigned?: ManagedIdentity;
  /** Resource ids of identities of the same world. */
  userAssigned: string[];
  tags?: Record<string, string>;
  size?: string;
  zone?: string;
  privateIpAddress?: string;
  /** Decoded user data. */
  userData?: string;
}

export interface Site {
  name: string;
  resourceId: string;
  systemAssigned: ManagedIdentity;
  /** Resource ids. Default: none. */
  userAssigned?: string[];
  /** An address of its integration subnet, the source of its connections into the network. */
  privateIpAddress?: string;
}

export interface KeyVault {
  name: string;
  resourceId: string;
  /** It has no public address, and no private endpoint either. */
  unreachable?: boolean;
}

export interface KeyVaultKey {
  keyVault: string;
  name: string;
  /** RSA modulus in bits. */
  keySize: number;
  /** key_ops in Azure's spelling (wrapKey, unwrapKey, ...). Default: all. */
  operations?: string[];
  /** Key Vault reports that the key is in a hardware security module. */
  hardware?: boolean;
}

export interface KeyVaultCertificate {
  keyVault: string;
  name: string;
  /** X.500 name, for instance CN=vault.example.com */
  subject: string;
  dnsNames: string[];
  ipAddresses?: string[];
  validityInMonths: number;
  /** True if a renewed certificate keeps the key. Default: a new key. */
  reuseKey?: boolean;
  /** RSA modulus in bits. Default: 2048, as in Azure. */
  keySize?: number;
}

export interface StorageAccount {
  name: string;
  resourceId: string;
  /** It has no public address, and no private endpoint either. */
  unreachable?: boolean;
  blobs: StoredBlob[];
}

export interface StoredBlob {
  container: string;
  name: string;
  /** Path of the file with the pushed content, on this machine. */
  file: string;
}

export interface RoleAssignment {
  principalId: string;
  roleName: string;
  /** A subscription, a resource group, a resource, or an object in a key vault (.../vaults/x/keys/y). */
  scope: string;
  /** Creation time of an assignment by Azure Resource Manager, ISO 8601. */
  createdOn?: string;
}

export interface Person {
  name: string;
  objectId: string;
}

export interface ArmResource {
  id: string;
  name: string;
  /** The type, for example Microsoft.Network/networkInterfaces. */
  type: string;
  location?: string;
  tags?: Record<string, string>;
  identity?: Record<string, unknown>;
  kind?: string;
  zones?: string[];
  properties?: Record<string, unknown>;
  /** A type's further fields, such as sku and etag. */
  [field: string]: unknown;
}

/** Throws one error with every contradiction in the world. Otherwise a contradiction causes a confusing 403 later. */
export function checkWorld(world: AzureWorld): void {
  const problems = [
    ...duplicates("virtual machine", namesOf(world.virtualMachines)),
    ...duplicates("site", namesOf(world.sites)),
    ...duplicates("key vault", namesOf(world.keyVaults)),
    ...duplicates("principal id", principalIdsOf(world)),
    ...unknownIdentities(world),
    ...unknownKeyVaults(world),
    ...impossibleRoleAssignments(world),
  ];
  if (problems.length > 0) {
    throw new Error(`This Azure is not possible:\n${problems.map((problem) => `- ${problem}`).join("\n")}`);
  }
}

/** Throws an error if an assignment names a role, principal or scope that does not exist. */
export function checkRoleAssignment(world: AzureWorld, assignment: RoleAssignment): void {
  const problem = impossibleRoleAssignments({ ...world, roleAssignments: [assignment] })[0];
  if (problem) throw new Error(problem);
}

const namesOf = (named: readonly { name: string }[]): string[] => named.map(({ name }) => name.toLowerCase());

function principalIdsOf({ identities, virtualMachines, sites, people }: AzureWorld): string[] {
  const systemAssigned = [...virtualMachines, ...sites].flatMap((one) => one.systemAssigned ?? []);
  return [
    ...[...identities, ...systemAssigned].map(({ principalId }) => principalId),
    ...people.map(({ objectId }) => objectId),
  ];
}

function duplicates(what: string, names: string[]): string[] {
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  return [...new Set(repeated)].map((name) => `two of one ${what}: ${name}`);
}

function unknownIdentities(world: AzureWorld): string[] {
  const known = new Set(world.identities.map(({ resourceId }) => resourceId.toLowerCase()));
  return world.virtualMachines.flatMap(({ name, userAssigned }) =>
    userAssigned
      .filter((id) => !known.has(id.toLowerCase()))
      .map((id) => `virtual machine ${name} has an identity that does not exist: ${id}`),
  );
}

function unknownKeyVaults(world: AzureWorld): string[] {
  const known = new Set(world.keyVaults.map(({ name }) => name));
  return [...world.keys, ...world.certificates]
    .filter(({ keyVault }) => !known.has(keyVault))
    .map(({ keyVault, name }) => `${name} is in a key vault that does not exist: ${keyVault}`);
}

function impossibleRoleAssignments(world: AzureWorld): string[] {
  const principals = new Set(principalIdsOf(world));
  const roles = new Set(world.roleDefinitions.map(({ name }) => name));
  return world.roleAssignments.flatMap(({ principalId, roleName, scope }) => [
    ...(principals.has(principalId)
      ? []
      : [`role ${roleName} is assigned to an unknown principal: ${principalId}`]),
    ...(roles.has(roleName) || isBuiltInRole(roleName)
      ? []
      : [`role ${roleName} is not a custom role and not a known built-in role`]),
    ...(/^\/subscriptions\/[^/]+(\/|$)/i.test(scope)
      ? []
      : [`role ${roleName} has a scope that is not in a subscription: ${scope}`]),
  ]);
}
