/** A parsed ARM path: a resource, or all resources of a type at a scope. */
export interface ResourceId {
  /** Missing in ids of the tenant, such as ids of built-in roles. */
  subscriptionId?: string;
  resourceGroup?: string;
  /** The part before the last provider's types: a subscription, a resource group, or the resource that it extends. */
  scope: string;
  /** Microsoft.Compute/virtualMachines, or a longer type with a child. */
  type: string;
  /** Missing in the path of a collection. */
  name?: string;
}

/** Returns undefined if the path is not a resource or collection. */
export function parseResourceId(path: string): ResourceId | undefined {
  const [, subscriptionId] = /^\/subscriptions\/([^/]+)/i.exec(path) ?? [];
  const [, resourceGroup] = /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)/i.exec(path) ?? [];
  const group = /^(\/subscriptions\/[^/]+)\/resourceGroups(?:\/([^/]+))?\/?$/i.exec(path);
  if (group) {
    const [, scope = "", name] = group;
    return { subscriptionId, resourceGroup, scope, type: resourceGroupType, name };
  }
  const match = /^(?<scope>.*)\/providers\/(?<rest>[^/]+\/.+?)\/?$/i.exec(path);
  const { scope = "", rest = "" } = match?.groups ?? {};
  const [namespace, ...pairs] = rest.split("/");
  if (!match || !namespace || pairs.length === 0) return undefined;
  const types = pairs.filter((_, index) => index % 2 === 0);
  const name = pairs.length % 2 === 0 ? pairs.at(-1) : undefined;
  return { subscriptionId, resourceGroup, scope, type: [namespace, ...types].join("/"), name };
}

export const resourceGroupType = "Microsoft.Resources/resourceGroups";

/**
 * Returns the id of the resource that contains this one, such as a subnet's virtual network. Otherwise the resource
 * group.
 */
export function parentId(id: string): string {
  const cut = id.replace(/\/[^/]+\/[^/]+$/, "");
  return cut.replace(/\/providers\/?[^/]*$/i, "");
}

export const sameId = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
