import type { ArmResource, AzureWorld, VirtualMachine } from "./world";

/** An ARM path: of a resource, or of all resources of a type in a scope. */
export interface ArmPath {
  subscriptionId: string;
  resourceGroup?: string;
  /** Microsoft.Compute/virtualMachines, or with a child type behind it. */
  type: string;
  /** Missing when the path is of a collection. */
  name?: string;
}

/** Every resource of this Azure as ARM knows it, by id. Whatever creates or deletes resources later does it here. */
export class ResourceStore {
  readonly #tenantId: string;
  readonly #resources = new Map<string, ArmResource>();
  readonly #subscriptions: Set<string>;

  constructor(world: AzureWorld) {
    this.#tenantId = world.tenantId;
    for (const resource of resourcesOf(world)) this.#resources.set(resource.id.toLowerCase(), resource);
    const used = [...this.#resources.values()].map(({ id }) => id.split("/")[2] ?? "");
    this.#subscriptions = new Set([world.subscriptionId, ...used].map((id) => id.toLowerCase()));
  }

  get tenantId(): string {
    return this.#tenantId;
  }

  hasSubscription(id: string): boolean {
    return this.#subscriptions.has(id.toLowerCase());
  }

  get(id: string): ArmResource | undefined {
    return this.#resources.get(id.toLowerCase().replace(/\/$/, ""));
  }

  /** Those of one type in a subscription or a resource group. */
  list({ subscriptionId, resourceGroup, type }: ArmPath): ArmResource[] {
    const scope =
      `/subscriptions/${subscriptionId}/${resourceGroup ? `resourceGroups/${resourceGroup}/` : ""}`.toLowerCase();
    return [...this.#resources.values()].filter(
      (resource) =>
        resource.id.toLowerCase().startsWith(scope) && resource.type.toLowerCase() === type.toLowerCase(),
    );
  }
}

/** Undefined for a path that is none of a resource or collection. */
export function parseArmPath(path: string): ArmPath | undefined {
  const match =
    /^\/subscriptions\/(?<subscriptionId>[^/]+)(?:\/resourceGroups\/(?<resourceGroup>[^/]+))?\/providers\/(?<rest>.+?)\/?$/i.exec(
      path,
    );
  const { subscriptionId, resourceGroup, rest } = match?.groups ?? {};
  const [namespace, ...pairs] = (rest ?? "").split("/");
  if (!subscriptionId || !namespace || pairs.length === 0) return undefined;
  const types = pairs.filter((_, index) => index % 2 === 0);
  const name = pairs.length % 2 === 0 ? pairs.at(-1) : undefined;
  return { subscriptionId, resourceGroup, type: [namespace, ...types].join("/"), name };
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
