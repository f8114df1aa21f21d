import type { ArmResource, AzureWorld, ManagedIdentity, VirtualMachine } from "../world";
import type { ResourceId } from "./resource-id";

/** Every resource of this Azure as ARM knows it, by id. Whatever creates or deletes resources does it here. */
export class ResourceStore {
  readonly tenantId: string;
  readonly #resources = new Map<string, ArmResource>();
  readonly #subscriptions: Set<string>;
  /** Client ids of managed identities by principal id, in small letters: ARM does not show those of system-assigned ones. */
  readonly #clientIds = new Map<string, string>();
  /** Ids of what was there from the start, and is described by the world. */
  readonly #seeded: ReadonlySet<string>;

  constructor(world: AzureWorld) {
    this.tenantId = world.tenantId;
    for (const resource of resourcesOf(world)) this.put(resource);
    this.#seeded = new Set(this.#resources.keys());
    const used = [...this.#resources.values()].map(({ id }) => id.split("/")[2] ?? "");
    this.#subscriptions = new Set([world.subscriptionId, ...used].map((id) => id.toLowerCase()));
  }

  hasSubscription(id: string): boolean {
    return this.#subscriptions.has(id.toLowerCase());
  }

  get(id: string): ArmResource | undefined {
    return this.#resources.get(keyOf(id));
  }

  /** Everything, in the order in which it came. */
  get all(): ArmResource[] {
    return [...this.#resources.values()];
  }

  /** Those of one type, in any case of letters, that did not come with the world. */
  created(type: string): ArmResource[] {
    return [...this.#resources]
      .filter(([key, resource]) => !this.#seeded.has(key) && isOfType(resource, type))
      .map(([, resource]) => resource);
  }

  /** Those of one type, anywhere. */
  ofType(type: string): ArmResource[] {
    return this.all.filter((resource) => isOfType(resource, type));
  }

  /** Those of one type in the scope of a path: all of them below it. */
  list({ subscriptionId, resourceGroup, scope, type }: Omit<ResourceId, "name">): ArmResource[] {
    const below = keyOf(
      scope || (resourceGroup ? `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}` : ""),
    );
    return this.ofType(type).filter(({ id }) => `${keyOf(id)}/`.startsWith(`${below}/`));
  }

  /** Direct children of one type: the subnets of a virtual network. */
  children(id: string, collection: string): ArmResource[] {
    const prefix = `${keyOf(id)}/${collection.toLowerCase()}/`;
    return [...this.#resources]
      .filter(([key]) => key.startsWith(prefix) && !key.slice(prefix.length).includes("/"))
      .map(([, resource]) => resource);
  }

  /** Everything that goes when this one goes. */
  below(id: string): ArmResource[] {
    const prefix = `${keyOf(id)}/`;
    return [...this.#resources].filter(([key]) => key.startsWith(prefix)).map(([, resource]) => resource);
  }

  put(resource: ArmResource): void {
    this.#resources.set(keyOf(resource.id), resource);
  }

  /** With everything below it. */
  delete(id: string): void {
    for (const resource of this.below(id)) this.#resources.delete(keyOf(resource.id));
    this.#resources.delete(keyOf(id));
  }

  /** Remembers the half of a managed identity that ARM does not show. */
  keepIdentity({ principalId, clientId }: ManagedIdentity): void {
    this.#clientIds.set(principalId.toLowerCase(), clientId);
  }

  clientIdOf(principalId: string): string | undefined {
    return this.#clientIds.get(principalId.toLowerCase());
  }
}

const keyOf = (id: string): string => id.toLowerCase().replace(/\/$/, "");

const isOfType = (resource: ArmResource, type: string): boolean =>
  resource.type.toLowerCase() === type.toLowerCase();

function resourcesOf(world: AzureWorld): ArmResource[] {
  return [
    ...world.virtualMachines.map((machine) => virtualMachine(machine, world)),
    ...world.identities.map(({ name, resourceId, clientId, principalId }) => ({
      id: resourceId,
      name,
      type: "Microsoft.ManagedIdentity/userAssignedIdentities",
      properties: { tenantId: world.tenantId, clientId, principalId },
    })),
    ...world.sites.map(({ name, resourceId, systemAssigned }) => ({
      id: resourceId,
      name,
      type: "Microsoft.Web/sites",
      kind: "app,linux",
      identity: { type: "SystemAssigned", principalId: systemAssigned.principalId, tenantId: world.tenantId },
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

/** A user-assigned identity does not put its principal id at the top, only a system-assigned one does. */
function identityOf(
  { systemAssigned, userAssigned }: VirtualMachine,
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
