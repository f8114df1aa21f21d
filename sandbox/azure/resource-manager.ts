import type { AccessControl } from "./access-control";
import { type ArmPath, parseArmPath, type ResourceStore } from "./resource-store";
import { findRoute } from "./routes";
import {
  type Answer,
  type AzureRequest,
  type HostedService,
  notImitated,
  odataError,
  Refusal,
} from "./service";
import { BadToken, bearerToken, type TokenIssuer } from "./token-issuer";
import type { ArmResource } from "./world";

const host = "management.azure.com";
const audiences = ["https://management.azure.com", "https://management.core.windows.net"].flatMap((url) => [
  url,
  `${url}/`,
]);

/** What a type of resource does beyond being stored. */
interface ResourceType {
  /** What a read shows; default: the resource as stored. */
  view?: (resource: ArmResource, query: URLSearchParams) => unknown;
}

/** By full type, in lower case. Only these types exist here; a type with resources of its own in the world exists as well. */
const resourceTypes: Record<string, ResourceType> = {
  "microsoft.compute/virtualmachines": { view: virtualMachineView },
  "microsoft.compute/virtualmachinescalesets": {},
  "microsoft.managedidentity/userassignedidentities": {},
  "microsoft.web/sites": {},
  "microsoft.keyvault/vaults": {},
  "microsoft.network/networkinterfaces": {},
};

interface ResourceManagerProps {
  resources: ResourceStore;
  issuer: TokenIssuer;
  accessControl: AccessControl;
}

/** Azure Resource Manager: reads of resources and collections, by Azure RBAC. */
export class ResourceManager implements HostedService {
  readonly name = "ARM";
  readonly scheme = "https";
  readonly hosts = [host];
  readonly refuse = odataError;
  readonly #props: ResourceManagerProps;

  constructor(props: ResourceManagerProps) {
    this.#props = props;
  }

  answer(request: AzureRequest): Answer {
    const { method, path, query } = request;
    const principalId = this.#authenticate(request);
    checkApiVersion(query.get("api-version"));
    const target = parseArmPath(path);
    if (target) this.#checkSubscription(target.subscriptionId);
    if (method === "GET" && target?.name)
      return { status: 200, body: this.#read(path, target, principalId, query) };
    if (method === "GET" && target) return { status: 200, body: this.#list(target, principalId, query) };
    const provider =
      method === "GET" &&
      findRoute([{ method, path: "/subscriptions/{subscription}/providers/{namespace}" }], method, path);
    if (provider) return { status: 200, body: this.#describeProvider(provider.parameters, principalId) };
    throw notImitated(`${method} ${path} of Azure Resource Manager`, target ? 405 : 404);
  }

  #authenticate(request: AzureRequest): string {
    const { issuer } = this.#props;
    try {
      const { oid } = issuer.verify(bearerToken(request.headers.authorization), audiences);
      request.authenticatedAs = oid;
      return oid;
    } catch (problem) {
      if (!(problem instanceof BadToken)) throw problem;
      const [code, message] = explain(problem, issuer);
      // Without the message: it may repeat what a stranger wrote into a token.
      const challenge = `Bearer authorization_uri="https://login.windows.net/${issuer.tenantId}", error="invalid_token"`;
      throw new Refusal(401, code, message, { headers: { "WWW-Authenticate": challenge } });
    }
  }

  #checkSubscription(id: string): void {
    if (!this.#props.resources.hasSubscription(id)) {
      throw new Refusal(404, "SubscriptionNotFound", `The subscription '${id}' could not be found.`);
    }
  }

  #read(
    id: string,
    { type, name, resourceGroup }: ArmPath,
    principalId: string,
    query: URLSearchParams,
  ): unknown {
    const { accessControl, resources } = this.#props;
    const { view = asStored } = this.#type(type);
    if (!accessControl.allowsAction(principalId, `${type}/read`, id))
      throw unauthorized(principalId, `${type}/read`, id);
    const resource = resources.get(id);
    if (!resource) {
      throw new Refusal(
        404,
        "ResourceNotFound",
        `The Resource '${type}/${name}' under resource group '${resourceGroup}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
      );
    }
    return view(resource, query);
  }

  /** What the caller may not read is left out, as ARM does below a scope where only some resources were granted. */
  #list(target: ArmPath, principalId: string, query: URLSearchParams): unknown {
    const { accessControl, resources } = this.#props;
    const { view = asStored } = this.#type(target.type);
    const readable = resources
      .list(target)
      .filter(({ id, type }) => accessControl.allowsAction(principalId, `${type}/read`, id));
    return { value: readable.map((resource) => view(resource, query)) };
  }

  /** The azure auth method asks for it before it reads a resource by id. */
  #describeProvider(
    { subscription = "", namespace = "" }: Record<string, string | undefined>,
    principalId: string,
  ): unknown {
    this.#checkSubscription(subscription);
    const scope = `/subscriptions/${subscription}`;
    const action = "Microsoft.Resources/subscriptions/providers/read";
    if (!this.#props.accessControl.allowsAction(principalId, action, scope))
      throw unauthorized(principalId, action, scope);
    const types = Object.keys(resourceTypes).filter((type) => type.startsWith(`${namespace.toLowerCase()}/`));
    if (types.length === 0)
      throw new Refusal(404, "InvalidResourceNamespace", `The resource namespace '${namespace}' is invalid.`);
    return {
      id: `${scope}/providers/${namespace}`,
      namespace,
      registrationState: "Registered",
      resourceTypes: [],
    };
  }

  #type(type: string): ResourceType {
    const known = resourceTypes[type.toLowerCase()];
    if (!known) throw notImitated(`resources of type ${type}`, 404);
    return known;
  }
}

const asStored = (resource: ArmResource): unknown => resource;

/** Source: Compute REST API, Virtual Machines - Get. */
function virtualMachineView(machine: ArmResource, query: URLSearchParams): unknown {
  const expand = query.get("$expand");
  if (expand === null) return machine;
  if (expand !== "instanceView") throw notImitated(`$expand=${expand} of a virtual machine`, 400);
  const time = new Date().toISOString();
  const instanceView = {
    computerName: machine.name,
    osName: "ubuntu",
    statuses: [
      { code: "ProvisioningState/succeeded", level: "Info", displayStatus: "Provisioning succeeded", time },
      { code: "PowerState/running", level: "Info", displayStatus: "VM running" },
    ],
  };
  return { ...machine, properties: { ...machine.properties, instanceView } };
}

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

function unauthorized(principalId: string, action: string, scope: string): Refusal {
  return new Refusal(
    403,
    "AuthorizationFailed",
    `The client '${principalId}' with object id '${principalId}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
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
