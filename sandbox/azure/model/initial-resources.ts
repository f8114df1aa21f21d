import { roleAssignmentResource, roleDefinitionResource } from "../services/resource-manager/authorization";
import type { ResourceStore } from "./resource-store";
import type { ArmResource, AzureWorld, VirtualMachine } from "./world";

/** Fills the store with a world's resources. */
export function fill(store: ResourceStore, world: AzureWorld): void {
  for (const resource of resourcesOf(world)) store.put(resource);
  const { virtualMachines, sites, identities } = world;
  for (const identity of [
    ...identities,
    ...[...virtualMachines, ...sites].flatMap(({ systemAssigned }) => systemAssigned ?? []),
  ])
    store.keepIdentity(identity);
  for (const { resourceId, privateIpAddress } of [...virtualMachines, ...sites])
    if (privateIpAddress) store.keepAddress(resourceId, privateIpAddress);
}

function resourcesOf(world: AzureWorld): ArmResource[] {
  return [
    ...world.virtualMachines.map((machine) => virtualMachine(machine, world)),
    ...world.identities.map(({ name, resourceId, clientId, principalId }) => ({
      id: resourceId,
      name,
      type: "Microsoft.ManagedIdentity/userAssignedIdentities",
      properties: { tenantId: world.tenantId, clientId, principalId },
    })),
    ...world.sites.map(({ name, resourceId, systemAssigned, userAssigned = [] }) => ({
      id: resourceId,
      name,
      type: "Microsoft.Web/sites",
      kind: "app,linux",
      identity: identityOf({ systemAssigned, userAssigned }, world),
      properties: { state: "Running", enabled: true },
    })),
    ...world.keyVaults.map(({ name, resourceId }) => ({
      id: resourceId,
      name,
      type: "Microsoft.KeyVault/vaults",
      properties: {
        tenantId: world.tenantId,
        vaultUri: `https://${name}.vault.azure.net/`,
        enableRbacAuthorization: true,
      },
    })),
    ...(world.storageAccounts ?? []).map(({ name, resourceId }) => ({
      id: resourceId,
      name,
      type: "Microsoft.Storage/storageAccounts",
      properties: { allowSharedKeyAccess: false },
    })),
    ...world.roleDefinitions.map((role) => roleDefinitionResource(role, world.subscriptionId)),
    ...world.roleAssignments.map((assignment) => roleAssignmentResource(assignment, world.subscriptionId)),
    ...(world.resources ?? []),
  ];
}

function virtualMachine(machine: VirtualMachine, world: AzureWorld): ArmResource {
  const { name, resourceId, location, vmId, tags, zone, size = "Standard_D2s_v3" } = machine;
  return {
    id: resourceId,
    name,
    type: "Microsoft.Compute/virtualMachines",
    location,
    tags,
    zones: zone ? [zone] : undefined,
    identity: identityOf(machine, world),
    properties: {
      vmId,
      hardwareProfile: { vmSize: size },
      osProfile: { computerName: name },
      provisioningState: "Succeeded",
    },
  };
}

/** Only a system-assigned identity has its principal id at the top level, not a user-assigned one. */
function identityOf(
  { systemAssigned, userAssigned }: Pick<VirtualMachine, "systemAssigned" | "userAssigned">,
  world: AzureWorld,
): Record<string, unknown> | undefined {
  const kinds = [
    ...(systemAssigned ? ["SystemAssigned"] : []),
    ...(userAssigned.length > 0 ? ["UserAssigned"] : []),
  ];
  if (kinds.length === 0) return undefined;
  const own = systemAssigned ? { principalId: systemAssigned.principalId, tenantId: world.tenantId } : {};
  const assigned = userAssigned.flatMap((id) =>
    world.identities
      .filter(({ resourceId }) => resourceId.toLowerCase() === id.toLowerCase())
      .map(({ resourceId, principalId, clientId }) => [resourceId, { principalId, clientId }] as const),
  );
  return {
    type: kinds.join(", "),
    ...own,
    ...(assigned.length > 0 ? { userAssignedIdentities: Object.fromEntries(assigned) } : {}),
  };
}
