/** What a path of Azure Resource Manager names: a resource, or all resources of a type at a scope. */
export interface ResourceId {
  /** Missing in ids of the tenant, such as those of built-in roles. */
  subscriptionId?: string;
  resourceGroup?: string;
  /** Where the last provider's types begin: a subscription, a resource group, or the resource that is extended. */
  scope: string;
  /** Microsoft.Compute/virtualMachines, or with a child type behind it. */
  type: string;
  /** Missing when the path is of a collection. */
  name?: string;
}

/** Undefined for a path that is none of a resource or collection. */
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

/** The id of the resource that this one is a part of: a subnet's virtual network; a group for what is part of nothing else. */
export function parentId(id: string): string {
  const cut = id.replace(/\/[^/]+\/[^/]+$/, "");
  return cut.replace(/\/providers\/?[^/]*$/i, "");
}

export const sameId = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
