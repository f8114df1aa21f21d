import { authenticate } from "../../identity/authenticate";
import type { BadToken, TokenIssuer } from "../../identity/token-issuer";
import type { AccessControl } from "../../model/access-control";
import { administrative } from "../../model/diagnostic-logs";
import { type Fields, fields, list, merge, parseFields, propertiesOf, without } from "../../model/fields";
import {
  parentId,
  parseResourceId,
  type ResourceId,
  resourceGroupType,
  sameId,
} from "../../model/resource-id";
import type { ResourceStore } from "../../model/resource-store";
import type { ArmResource, AzureWorld } from "../../model/world";
import type { AzureResponse } from "../../server/azure-response";
import { notImitated, odataError, Refusal } from "../../server/refusal";
import type { AzureRequest, HostedService } from "../../server/service";
import { authorizationFilter, builtInRoleResources } from "./authorization";
import { Operations } from "./operations";
import { scopeLocked } from "./resource-groups";
import type { ResourceCall, ResourceType, Writing } from "./resource-type";
import { resourceTypes } from "./resource-types";
import { answerForSubscription, checkSubscription, metadataEndpoints, permissionsOf } from "./subscription";

const host = "management.azure.com";
const audiences = ["https://management.azure.com", "https://management.core.windows.net"].flatMap((url) => [
  url,
  `${url}/`,
]);

/** A change to a resource, for the code that runs its machine, database or web app. */
export interface ArmResourceChange {
  kind: "written" | "deleted";
  resource: ArmResource;
  store: ResourceStore;
}

interface ResourceManagerProps {
  world: AzureWorld;
  resources: ResourceStore;
  issuer: TokenIssuer;
  accessControl: AccessControl;
  /** Called for every change before the answer. For long operations, called before the operation succeeds. */
  onChange?: (change: ArmResourceChange) => Promise<void> | void;
}

/** Azure Resource Manager. It creates, reads, changes and deletes resources of the known types, with Azure RBAC. */
export class ResourceManager implements HostedService {
  readonly name = "ARM";
  readonly scheme = "https";
  readonly hosts = [host];
  readonly refuse = odataError;
  readonly #operations = new Operations();

  constructor(private readonly props: ResourceManagerProps) {}

  async answer(request: AzureRequest): Promise<AzureResponse> {
    const { method, path, query } = request;
    // Clients request this before they sign in.
    if (method === "GET" && /^\/+metadata\/endpoints$/i.test(path)) return metadata(query);
    const principalId = this.#authenticate(request);
    checkApiVersion(query.get("api-version"));
    const { world, resources: store, accessControl } = this.props;
    const [, operation] = /\/operationStatuses\/([^/]+)$/i.exec(path) ?? [];
    if (method === "GET" && operation) return this.#operations.status(operation);
    const [, scope] = /^(.*)\/providers\/Microsoft\.Authorization\/permissions$/i.exec(path) ?? [];
    if (method === "GET" && scope)
      return { status: 200, body: permissionsOf(accessControl, principalId, scope) };
    const forSubscription = answerForSubscription(request, { principalId, world, store, accessControl });
    return forSubscription ?? this.#answerForResource(request, principalId);
  }

  async #answerForResource(request: AzureRequest, principalId: string): Promise<AzureResponse> {
    const { method, query } = request;
    const { id, target, action } = readPath(request);
    if (!target) throw notImitated(`${method} ${request.path} of Azure Resource Manager`, 404);
    if (target.subscriptionId) checkSubscription(this.props.resources, target.subscriptionId);
    const type = typeOf(target.type);
    if (!target.name) {
      if (method !== "GET") throw notImitated(`${method} ${request.path} of Azure Resource Manager`, 405);
      return { status: 200, body: this.#list(id, target, principalId, query) };
    }
    const call: ResourceCall = {
      id,
      target: { ...target, name: target.name },
      query,
      body: bodyOf(request),
      store: this.props.resources,
      principalId,
    };
    const right = `${target.type}/${verbOf(method, action)}`;
    if (!right.endsWith("/read"))
      request.trace = { category: administrative, resourceId: id, operation: right };
    this.#authorize(call, right);
    if (action !== undefined) return this.#act(call, type, action);
    switch (method) {
      case "GET":
      case "HEAD":
        return this.#read(call, type, method);
      case "PUT":
      case "PATCH":
        return this.#write(call, type, method);
      case "DELETE":
        return this.#delete(call, type);
      default:
        throw notImitated(`${method} ${request.path} of Azure Resource Manager`, 405);
    }
  }

  #authenticate(request: AzureRequest): string {
    const { issuer } = this.props;
    return authenticate(request, issuer, audiences, (problem) => {
      const [code, message] = explain(problem, issuer);
      // Omits the message, which may repeat a stranger's text from a token.
      const challenge = `Bearer authorization_uri="https://login.windows.net/${issuer.tenantId}", error="invalid_token"`;
      return new Refusal(401, code, message, { headers: { "WWW-Authenticate": challenge } });
    }).oid;
  }

  #authorize({ id, principalId }: ResourceCall, right: string): void {
    // Built-in roles belong to the tenant, and everyone in it can read them.
    if (right.endsWith("/read") && /^\/providers\/Microsoft\.Authorization\/roleDefinitions\//i.test(id))
      return;
    this.props.accessControl.requireAction(principalId, right, id);
  }

  #read(call: ResourceCall, type: ResourceType, method: string): AzureResponse {
    const resource = this.#find(call, type);
    if (!resource) throw notFound(call);
    if (method === "HEAD") return { status: 204, text: "" };
    return { status: 200, headers: etagOf(resource), body: this.#show(resource, type, call) };
  }

  async #write(call: ResourceCall, type: ResourceType, method: string): Promise<AzureResponse> {
    const { store, target, id, body } = call;
    const existing = this.#find(call, type);
    if (method === "PATCH" && !existing) throw notFound(call);
    this.#checkParent(call);
    const base = { id: existing?.id ?? id, name: target.name, type: target.type };
    const sent: ArmResource =
      method === "PATCH" && existing
        ? (merge(existing, body) as unknown as ArmResource)
        : {
            ...merge(type.defaults?.({ ...call, existing }) ?? {}, withoutNull(body)),
            ...base,
            // A request without identities does not change them. Source: Azure's rules for resource providers.
            ...(body["identity"] === undefined && existing?.identity && { identity: existing.identity }),
          };
    const writing: Writing = { ...call, sent, existing };
    type.check?.(writing);
    const resource = {
      ...merge(
        merge(sent, type.stateless ? {} : { properties: { provisioningState: "Succeeded" } }),
        type.computed?.(writing) ?? {},
      ),
      ...base,
    } as ArmResource;
    // Azure does not show an empty identity.
    if (["", "None"].includes(String(resource.identity?.["type"] ?? ""))) delete resource.identity;
    this.#storeParts(writing, type, resource);
    store.put(resource);
    type.written?.(writing, resource);
    const namespace = target.type.split("/")[0] ?? "";
    // Every type returns an operation. Clients of types that Azure answers at once ignore it.
    const headers = this.#operations.begin(target.subscriptionId ?? "", namespace, async () =>
      this.props.onChange?.({ kind: "written", resource, store }),
    );
    return {
      status: method === "PATCH" ? 200 : (type.putStatus ?? (existing ? 200 : 201)),
      headers,
      body: this.#show(store.get(id) ?? resource, type, call),
    };
  }

  /** Resources in a property's list are separate resources. If the list omits one, it is deleted. */
  #storeParts({ store, id, body, existing }: Writing, type: ResourceType, resource: ArmResource): void {
    for (const [property, collection] of Object.entries(type.parts ?? {})) {
      const given = fields(body["properties"])[property];
      if (resource.properties) delete resource.properties[property];
      if (!Array.isArray(given)) continue;
      const names = new Set(list(given).map(({ name }) => String(name).toLowerCase()));
      for (const part of existing ? store.children(id, collection) : []) {
        if (!names.has(part.name.toLowerCase())) store.delete(part.id);
      }
      for (const part of list(given)) {
        const partId = `${id}/${collection}/${part["name"]}`;
        const before = store.get(partId);
        store.put({
          ...merge(before ?? {}, part),
          id: partId,
          name: String(part["name"]),
          type: `${resource.type}/${collection}`,
        });
      }
    }
  }

  async #delete(call: ResourceCall, type: ResourceType): Promise<AzureResponse> {
    const { store, id } = call;
    const resource = store.get(id);
    if (!resource) return { status: 204, text: "" };
    this.#checkLocks(id);
    type.checkDelete?.(call, resource);
    const deleted = [...store.below(id), resource].reverse();
    for (const each of deleted) await this.props.onChange?.({ kind: "deleted", resource: each, store });
    for (const part of store.below(id)) {
      const partType = resourceTypes[part.type.toLowerCase()];
      partType?.deleted?.({ ...call, id: part.id, target: { ...call.target, name: part.name } }, part);
    }
    store.delete(id);
    type.deleted?.(call, resource);
    return { status: 200, body: {} };
  }

  #checkLocks(id: string): void {
    const locks = this.props.resources.ofType("Microsoft.Authorization/locks");
    for (const lock of locks) {
      if (sameId(lock.id, id)) continue;
      const [locked = ""] = lock.id.split(/\/providers\/Microsoft\.Authorization\/locks\//i);
      const inside = `${id}/`.toLowerCase().startsWith(`${locked}/`.toLowerCase());
      const around = `${locked}/`.toLowerCase().startsWith(`${id}/`.toLowerCase());
      if (inside || around) throw scopeLocked(id, locked);
    }
  }

  #act(call: ResourceCall, type: ResourceType, action: string): AzureResponse {
    const perform = type.actions?.[action.toLowerCase()];
    if (!perform) throw notImitated(`the action ${action} of ${call.target.type}`, 404);
    const resource = this.#find(call, type);
    if (!resource) throw notFound(call);
    return { status: 200, body: perform({ ...call, resource }) };
  }

  #find(call: ResourceCall, type: ResourceType): ArmResource | undefined {
    const { store, id, target } = call;
    const made =
      store.get(id) ?? builtInRoleResources().find((role) => role.id.toLowerCase() === tenantId(id));
    if (made || !type.implicit) return made;
    const parent = store.get(parentId(id)) ?? store.get(id.replace(/\/[^/]+$/, ""));
    const implied = parent && type.implicit(call, parent);
    return implied && { ...implied, id, name: target.name, type: target.type };
  }

  #checkParent({ store, target, id }: ResourceCall): void {
    if (target.type !== resourceGroupType && groupIsMissing(store, target)) throw groupNotFound(target);
    const depth = target.type.split("/").length;
    if (depth <= 2 || /\/locations\//i.test(target.type)) return;
    const parent = singletons.has(target.name.toLowerCase())
      ? id.replace(/\/[^/]+$/, "")
      : id.split("/").slice(0, -2).join("/");
    if (
      !store.get(parent) &&
      resourceTypes[target.type.split("/").slice(0, -1).join("/").toLowerCase()] &&
      !isImplied(parent)
    ) {
      throw new Refusal(
        404,
        "ParentResourceNotFound",
        `Failed to perform 'write' on resource(s) of type '${target.type.split("/").slice(1).join("/")}', because the parent resource '${parent}' could not be found.`,
      );
    }
  }

  #show(
    resource: ArmResource,
    type: ResourceType,
    { query, store }: Pick<ResourceCall, "query" | "store">,
  ): unknown {
    const parts = Object.entries(type.parts ?? {}).map(([property, collection]) => [
      property,
      store.children(resource.id, collection),
    ]);
    const whole = { ...resource };
    if (parts.length > 0) whole.properties = { ...propertiesOf(resource), ...Object.fromEntries(parts) };
    const hidden = (type.hidden ?? []).filter((path) => !(type.view && path === "properties.userData"));
    const shown = without(whole, hidden);
    return type.view ? type.view(shown, { query, store }) : shown;
  }

  /** Omits the resources that the caller cannot read, as ARM does below a scope with partial rights. */
  #list(id: string, target: ResourceId, principalId: string, query: URLSearchParams): unknown {
    const { accessControl, resources: store } = this.props;
    const type = typeOf(target.type);
    if (type.members) return { value: type.members() };
    const filter = query.get("$filter");
    const isAuthorization = /^Microsoft\.Authorization\/role/i.test(target.type);
    const parent = id.replace(/\/[^/]+$/, "");
    const collection = id.split("/").at(-1) ?? "";
    const found = isAuthorization
      ? [...store.ofType(target.type), ...(/Definitions$/i.test(target.type) ? builtInRoleResources() : [])]
      : target.type.split("/").length > 2
        ? store.children(parent, collection)
        : store.list(target);
    const wanted = filter && isAuthorization ? authorizationFilter(filter, target.scope) : undefined;
    if (filter && isAuthorization && !wanted) throw notImitated(`the filter ${filter} of ${target.type}`);
    const readable = found.filter(
      (resource) =>
        (wanted?.(resource) ?? true) &&
        (resource.id.startsWith("/providers/") ||
          accessControl.allowsAction(principalId, `${resource.type}/read`, resource.id)),
    );
    return { value: readable.map((resource) => this.#show(resource, type, { query, store })) };
  }
}

/** Returns the last part of the right that a request needs. */
function verbOf(method: string, action: string | undefined): string {
  if (action !== undefined) return `${action}/action`;
  if (method === "GET" || method === "HEAD") return "read";
  return method === "DELETE" ? "delete" : "write";
}

/** Returns the resource of a path, and the action if the path names one. */
function readPath({ method, path }: AzureRequest): {
  id: string;
  target: ResourceId | undefined;
  action?: string;
} {
  const clean = decodeURIComponent(path)
    .replace(/\/$/, "")
    .replace(/^\/+/, "/")
    .replace(/^(\/subscriptions\/[^/]+)\/resourcegroups(?=\/|$)/i, "$1/resourceGroups");
  // Clients read this with GET like a resource. Other configurations of a site use POST.
  const listed = /^(.*\/config\/authsettingsV2)\/list$/i.exec(clean)?.[1];
  if (listed && method === "GET") return { id: listed, target: parseResourceId(listed), action: "list" };
  const target = parseResourceId(clean);
  if (method === "POST" && target && !target.name) {
    const id = clean.replace(/\/[^/]+$/, "");
    const group = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/[^/]+$/i.test(clean);
    return { id, target: group ? undefined : parseResourceId(id), action: clean.split("/").at(-1) };
  }
  const singleton = clean.split("/").at(-1) ?? "";
  if (target && !target.name && singletons.has(singleton.toLowerCase()))
    return { id: clean, target: { ...target, name: singleton } };
  return { id: clean, target };
}

/** Parts of a resource that have a type but no name. */
const singletons = new Set(["currentbillingfeatures", "instanceview"]);

/** The parent implies these, so nobody needs to create them before their children. */
const isImplied = (id: string): boolean => /\/(?:blobServices|fileServices)\/default$/i.test(id);

/** Clients may read a role's id at any scope. */
const tenantId = (id: string): string =>
  id.toLowerCase().replace(/^.*(?=\/providers\/microsoft\.authorization\/roledefinitions\/)/, "");

function typeOf(type: string): ResourceType {
  const known = resourceTypes[type.toLowerCase()];
  if (!known) throw notImitated(`resources of type ${type}`, 404);
  return known;
}

function metadata(query: URLSearchParams): AzureResponse {
  checkApiVersion(query.get("api-version"));
  // Versions up to 2019-05-01 return a list.
  const isList = query.get("api-version") === "2019-05-01";
  return { status: 200, body: isList ? [metadataEndpoints] : metadataEndpoints };
}

function bodyOf(request: AzureRequest): Fields {
  const body = parseFields(request.body || "{}");
  if (body) return body;
  const reason = "The request content was invalid and could not be deserialized.";
  throw new Refusal(400, "InvalidRequestContent", reason);
}

/** Azure treats null as a missing field. */
function withoutNull(body: Fields): Fields {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}

const etagOf = ({ etag }: ArmResource): Record<string, string> | undefined =>
  typeof etag === "string" ? { ETag: etag } : undefined;

function notFound({ target, store }: ResourceCall): Refusal {
  const { type, name, resourceGroup } = target;
  if (type === resourceGroupType || groupIsMissing(store, target)) return groupNotFound(target);
  if (/^Microsoft\.Authorization\/role/i.test(type)) {
    const kind = type.slice("Microsoft.Authorization/r".length, -1);
    return new Refusal(404, `R${kind}NotFound`, `The r${kind} '${name}' is not found.`);
  }
  return new Refusal(
    404,
    "ResourceNotFound",
    `The Resource '${type}/${name}' under resource group '${resourceGroup}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );
}

/** The groups of the initial world exist without a creation. */
function groupIsMissing(store: ResourceStore, { subscriptionId, resourceGroup }: ResourceId): boolean {
  const id = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
  return resourceGroup !== undefined && !store.get(id) && store.below(id).length === 0;
}

const groupNotFound = ({ resourceGroup }: ResourceId): Refusal =>
  new Refusal(404, "ResourceGroupNotFound", `Resource group '${resourceGroup}' could not be found.`);

function explain({ flaw, found }: BadToken, { issuer }: TokenIssuer): [code: string, message: string] {
  switch (flaw) {
    case "missing":
      return ["AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."];
    case "audience":
      return [
        "InvalidAuthenticationTokenAudience",
        `The access token has been obtained for wrong audience or resource '${found}'. It should exactly match with one of the allowed audiences '${audiences.join("','")}'.`,
      ];
    case "issuer":
      return [
        "InvalidAuthenticationTokenTenant",
        `The access token is from the wrong issuer '${found}'. It must match the tenant '${issuer}' associated with this subscription.`,
      ];
    case "expired":
      return [
        "ExpiredAuthenticationToken",
        `The access token expiry UTC time '${found}' is earlier than the current UTC time.`,
      ];
    default:
      return ["InvalidAuthenticationToken", `The access token is invalid (${flaw}).`];
  }
}

function checkApiVersion(apiVersion: string | null): void {
  if (apiVersion === null) {
    throw new Refusal(
      400,
      "MissingApiVersionParameter",
      "The api-version query parameter (?api-version=) is required for all requests.",
    );
  }
  if (!/^\d{4}-\d{2}-\d{2}(-preview)?$/.test(apiVersion)) {
    throw new Refusal(400, "InvalidApiVersionParameter", `The api-version '${apiVersion}' is invalid.`);
  }
}
