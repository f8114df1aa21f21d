import type { ResourceId } from "./resource-id";
import type { ArmResource, ManagedIdentity } from "./world";

/** Every resource of this Azure in ARM's form, by id. All code creates and deletes resources here. */
export class ResourceStore {
  /** Milliseconds for which deleted App Service and MySQL resources hold their subnets. Azure needs minutes. */
  subnetsHeldMs = 0;
  readonly #resources = new Map<string, ArmResource>();
  /**
   * Client ids of managed identities by principal id, in lower case. ARM does not show them for system-assigned
   * identities.
   */
  readonly #clientIds = new Map<string, string>();
  /** Addresses in the virtual network by resource id, for sites, which have no network interface. */
  readonly #addresses = new Map<string, string>();

  constructor(
    readonly tenantId: string,
    readonly subscriptionId: string,
  ) {}

  /** Returns true for this subscription and for subscriptions of further resources. */
  hasSubscription(id: string): boolean {
    return [this.subscriptionId, ...this.all.map((resource) => resource.id.split("/")[2] ?? "")].some(
      (one) => one.toLowerCase() === id.toLowerCase(),
    );
  }

  get(id: string): ArmResource | undefined {
    return this.#resources.get(keyOf(id));
  }

  /** All resources, in the order of their creation. */
  get all(): ArmResource[] {
    return [...this.#resources.values()];
  }

  /** Returns all resources of one type. Ignores case. */
  ofType(type: string): ArmResource[] {
    return this.all.filter((resource) => isOfType(resource, type));
  }

  /** Returns the resources of one type below a path's scope. */
  list({ subscriptionId, resourceGroup, scope, type }: Omit<ResourceId, "name">): ArmResource[] {
    const below = keyOf(
      scope || (resourceGroup ? `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}` : ""),
    );
    return this.ofType(type).filter(({ id }) => `${keyOf(id)}/`.startsWith(`${below}/`));
  }

  /** Returns the direct children of one type, such as a virtual network's subnets. */
  children(id: string, collection: string): ArmResource[] {
    const prefix = `${keyOf(id)}/${collection.toLowerCase()}/`;
    return [...this.#resources]
      .filter(([key]) => key.startsWith(prefix) && !key.slice(prefix.length).includes("/"))
      .map(([, resource]) => resource);
  }

  /** Returns everything that a deletion of this resource deletes. */
  below(id: string): ArmResource[] {
    const prefix = `${keyOf(id)}/`;
    return [...this.#resources].filter(([key]) => key.startsWith(prefix)).map(([, resource]) => resource);
  }

  put(resource: ArmResource): void {
    this.#resources.set(keyOf(resource.id), resource);
  }

  /** Deletes a resource and everything below it. */
  delete(id: string): void {
    for (const resource of this.below(id)) this.#resources.delete(keyOf(resource.id));
    this.#resources.delete(keyOf(id));
  }

  /** Stores the part of a managed identity that ARM does not show. */
  keepIdentity({ principalId, clientId }: ManagedIdentity): void {
    this.#clientIds.set(principalId.toLowerCase(), clientId);
  }

  keepAddress(id: string, address: string): void {
    this.#addresses.set(keyOf(id), address);
  }

  addressOf(id: string): string | undefined {
    return this.#addresses.get(keyOf(id));
  }

  clientIdOf(principalId: string): string | undefined {
    return this.#clientIds.get(principalId.toLowerCase());
  }
}

const keyOf = (id: string): string => id.toLowerCase().replace(/\/$/, "");

const isOfType = (resource: ArmResource, type: string): boolean =>
  resource.type.toLowerCase() === type.toLowerCase();
