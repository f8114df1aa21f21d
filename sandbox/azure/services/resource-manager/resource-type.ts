import type { Fields } from "../../model/fields";
import type { ResourceId } from "../../model/resource-id";
import type { ResourceStore } from "../../model/resource-store";
import type { ArmResource } from "../../model/world";

/** A request for one resource, after the checks of token, API version and right. */
export interface ResourceCall {
  /** The resource's id as requested. */
  id: string;
  target: ResourceId & { name: string };
  query: URLSearchParams;
  body: Record<string, unknown>;
  store: ResourceStore;
  /** The caller. */
  principalId: string;
}

/** A resource before it is stored. */
export interface Writing extends ResourceCall {
  /** The earlier resource, or undefined for a new one. */
  existing?: ArmResource;
  /** The sent resource, merged with the defaults. */
  sent: ArmResource;
}

/** A resource type's behaviour beyond simple storage. */
export interface ResourceType {
  /** Returns Azure's defaults for missing fields. */
  defaults?: (call: ResourceCall & { existing?: ArmResource }) => Fields;
  /** Returns the fields that Azure decides, regardless of the request. */
  computed?: (writing: Writing) => Fields;
  /** Fields that Azure accepts but never shows, as dotted paths such as properties.administratorLoginPassword. */
  hidden?: readonly string[];
  /** Properties with a list of separate resources: property, collection. */
  parts?: Readonly<Record<string, string>>;
  /** Returns the result of a read. */
  view?: (resource: ArmResource, call: Pick<ResourceCall, "query" | "store">) => unknown;
  /** Returns a resource that exists with its parent without a creation, such as a site's configuration. */
  implicit?: (call: ResourceCall, parent: ArmResource) => Fields | undefined;
  /** Returns entries of the type's list that nobody created, such as VM sizes. */
  members?: () => Fields[];
  /** POST actions by their last segment, in lower case. */
  actions?: Readonly<Record<string, (call: ResourceCall & { resource: ArmResource }) => unknown>>;
  /** Azure shows no provisioningState in its properties. */
  stateless?: true;
  /**
   * The status of a successful PUT, if it is not 201 for a new resource and 200 for an existing one. Source: Azure's
   * REST reference.
   */
  putStatus?: 200 | 201;
  /** Checks a request before any change. Throws a refusal. */
  check?: (writing: Writing) => void;
  checkDelete?: (call: ResourceCall, resource: ArmResource) => void;
  /** Applies a change's effects on other resources in the store. */
  written?: (writing: Writing, resource: ArmResource) => void;
  deleted?: (call: ResourceCall, resource: ArmResource) => void;
}

/** Types of one provider, by full type in lower case. */
export type ResourceTypes = Readonly<Record<string, ResourceType>>;
