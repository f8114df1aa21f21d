import type { ResourceId } from "../../model/resource-id";
import type { ResourceStore } from "../../model/resource-store";
import type { ArmResource } from "../../model/world";

/** A request for one resource, after token, API version and right were found in order. */
export interface ResourceCall {
  /** The resource's id, as it was asked for. */
  id: string;
  target: ResourceId & { name: string };
  query: URLSearchParams;
  body: Record<string, unknown>;
  store: ResourceStore;
  /** Who asks. */
  principalId: string;
}

/** A resource on its way into the store. */
export interface Writing extends ResourceCall {
  /** As it was before; undefined when it is new. */
  existing?: ArmResource;
  /** What was sent, with the defaults below it. */
  sent: ArmResource;
}

/** A piece of a resource as ARM writes it, to be merged into it. */
export type Fields = Record<string, unknown>;

/** What a type of resource does beyond being stored as it was sent. */
export interface ResourceType {
  /** What Azure fills in where the request says nothing. */
  defaults?: (call: ResourceCall & { existing?: ArmResource }) => Fields;
  /** What Azure decides by itself, whatever the request says. */
  computed?: (writing: Writing) => Fields;
  /** What Azure takes and never shows: dotted paths, such as properties.administratorLoginPassword. */
  hidden?: readonly string[];
  /** Properties that list resources of their own: property, collection. */
  parts?: Readonly<Record<string, string>>;
  /** What a read shows. */
  view?: (resource: ArmResource, call: Pick<ResourceCall, "query" | "store">) => unknown;
  /** What is there without having been made, as long as its parent is: the configuration of a site. */
  implicit?: (call: ResourceCall, parent: ArmResource) => Fields | undefined;
  /** What a list of the type shows that nobody made: the sizes that a VM may get. */
  members?: () => Fields[];
  /** POSTs by their last segment, in small letters. */
  actions?: Readonly<Record<string, (call: ResourceCall & { resource: ArmResource }) => unknown>>;
  /** Azure shows no provisioningState in its properties. */
  stateless?: true;
  /** The status of a successful PUT, where it is not 201 for what is new and 200 for what was there. Source: Azure's REST reference. */
  putStatus?: 200 | 201;
  /** Looks at a request before anything is changed; throws a refusal. */
  check?: (writing: Writing) => void;
  checkDelete?: (call: ResourceCall, resource: ArmResource) => void;
  /** What a change brings about elsewhere in the store. */
  written?: (writing: Writing, resource: ArmResource) => void;
  deleted?: (call: ResourceCall, resource: ArmResource) => void;
}

/** Types of one provider, by full type in small letters. */
export type ResourceTypes = Readonly<Record<string, ResourceType>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The second above the first, object by object; a list takes the place of a list, null the place of anything. */
export function merge<T extends object>(below: T, above: Fields): T & Fields {
  const result: Fields = { ...(below as Fields) };
  for (const [key, value] of Object.entries(above)) {
    if (value === undefined) continue;
    const old = result[key];
    result[key] = isFields(old) && isFields(value) ? merge(old, value) : value;
  }
  return result as T & Fields;
}

/** A copy without the fields at dotted paths. */
export function without<T extends object>(resource: T, paths: readonly string[]): T {
  const copy = structuredClone(resource);
  for (const path of paths) {
    const steps = path.split(".");
    const last = steps.pop() ?? "";
    const holder = steps.reduce<unknown>((at, step) => (isFields(at) ? at[step] : undefined), copy);
    if (isFields(holder)) delete holder[last];
  }
  return copy;
}

/** Properties of a resource, in the shape that a handler counts on. */
export function propertiesOf(resource: { properties?: Fields }): Fields {
  return resource.properties ?? {};
}

/** A field of what a client sent, when it is text. */
export const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

export const list = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isFields) : []);

export const fields = (value: unknown): Fields => (isFields(value) ? value : {});
