import type { ResourceId } from "./resource-id";
import type { ArmResource, ManagedIdentity } from "./world";

/** Every resource of this Azure as ARM knows it, by id. Whatever creates or deletes resources does it here. */
export class ResourceStore {
  /** Milliseconds for which App Service and MySQL hold their subnets after they are deleted: minutes in Azure. */
  subnetsHeldMs = 0;
  readonly #resources = new Map<string, ArmResource>();
  /** Client ids of managed identities by principal id, in small letters: ARM does not show those of system-assigned ones. */
  readonly #clientIds = new Map<string, string>();
  /** Addresses in the virtual network by resource id, where no network interface has them: those of sites. */
  readonly #addresses = new Map<string, string>();

  constructor(
    readonly tenantId: string,
    readonly subscriptionId: string,
  ) {}

  /** The one subscription, and those of resources beside it. */
  hasSubscription(id: string): boolean {
    return [this.subscriptionId, ...this.all.map((resource) => resource.id.split("/")[2] ?? "")].some(
      (one) => one.toLowerCase() === id.toLowerCase(),
    );
  }

  get(id: string): ArmResource | undefined {
    return this.#resources.get(keyOf(id));
  }

  /** Everything, in the order in which it came. */
  get all(): ArmResource[] {
    return [...this.#resources.values()];
  }

  /** Those of one type, in any case of letters, anywhere. */
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
