import type { VirtualMachine } from "../model/world";
import type { AzureResponse } from "../server/azure-response";
import { oauthError, Refusal } from "../server/refusal";
import { findRoute, type Parameters, type Route } from "../server/routes";
import type { AzureRequest, HostedService } from "../server/service";
import type { Directory } from "./directory";

/** Source: learn.microsoft.com/azure/virtual-machines/instance-metadata-service, supported API versions. */
const apiVersions =
  `2017-03-01 2017-04-02 2017-08-01 2017-10-01 2017-12-01 2018-02-01 2018-04-02 2018-10-01 2019-02-01
  2019-03-11 2019-04-30 2019-06-01 2019-06-04 2019-08-01 2019-08-15 2019-11-01 2020-06-01 2020-07-15 2020-09-01 2020-10-01
  2020-12-01 2021-01-01 2021-02-01 2021-03-01 2021-05-01 2021-10-01 2021-11-01 2021-11-15 2021-12-13 2023-07-01
  2023-11-15`.split(/\s+/);

interface ImdsRoute extends Route {
  answer: (machine: VirtualMachine, request: AzureRequest, parameters: Parameters) => AzureResponse;
}

/** The Instance Metadata Service, which only a virtual machine can reach. */
export class Imds implements HostedService {
  readonly name = "IMDS";
  readonly scheme = "http";
  readonly hosts = ["169.254.169.254"];
  readonly refuse = oauthError;
  readonly #routes: ImdsRoute[] = [
    {
      request: "GET /metadata/identity/oauth2/token",
      answer: (machine, request) => this.#token(machine, request),
    },
    { request: "GET /metadata/instance", answer: (machine, request) => this.#instance(machine, request) },
    {
      request: "GET /metadata/instance/compute",
      answer: (machine, request) => this.#instance(machine, request, ["compute"]),
    },
    {
      request: "GET /metadata/instance/compute/{field}",
      answer: (machine, request, { field = "" }) => this.#instance(machine, request, ["compute", field]),
    },
    { request: "GET /metadata/versions", answer: () => ({ status: 200, body: { apiVersions } }) },
  ];

  constructor(private readonly directory: Directory) {}

  answer(request: AzureRequest): AzureResponse {
    const machine = this.directory.machine(request.caller);
    if (!machine) {
      const reason = `169.254.169.254 is unreachable: ${request.caller} is not a virtual machine.`;
      throw new Refusal(403, "unreachable", reason, { notImitated: true });
    }
    const { headers, method, path, query } = request;
    if (headers["x-forwarded-for"] !== undefined)
      throw badRequest("Requests that were forwarded (X-Forwarded-For) are refused");
    if (String(headers["metadata"]).toLowerCase() !== "true")
      throw badRequest("Required metadata header not specified");
    const found = findRoute(this.#routes, method, path);
    if (!found)
      throw new Refusal(404, "Not found", `The sandbox does not support ${method} ${path}.`, {
        notImitated: true,
      });
    if (path !== "/metadata/versions") checkApiVersion(query.get("api-version"));
    return found.route.answer(machine, request, found.parameters);
  }

  #token(machine: VirtualMachine, { query }: AzureRequest): AzureResponse {
    const directory = this.directory;
    const resource = query.get("resource");
    if (!resource) throw badRequest("Required audience parameter not specified");
    const identity = directory.identityOf(machine, {
      clientId: query.get("client_id") ?? undefined,
      objectId: query.get("object_id") ?? undefined,
      resourceId: query.get("msi_res_id") ?? query.get("mi_res_id") ?? undefined,
    });
    directory.checkAudience(resource);
    const lifetime = directory.lifetimes.managedIdentity;
    const now = Math.floor(Date.now() / 1000);
    return {
      status: 200,
      body: {
        access_token: directory.tokenForIdentity(identity, resource),
        client_id: identity.clientId,
        // IMDS sends numbers as strings.
        expires_in: String(lifetime - 1),
        expires_on: String(now + lifetime),
        ext_expires_in: String(lifetime - 1),
        not_before: String(now - 300),
        resource,
        token_type: "Bearer",
      },
    };
  }

  #instance(machine: VirtualMachine, { query }: AzureRequest, path: string[] = []): AzureResponse {
    const document = instanceDocument(machine, query.get("api-version") ?? "");
    const value = path.reduce<unknown>(
      (node, field) => (node as Record<string, unknown> | undefined)?.[field],
      document,
    );
    if (value === undefined)
      throw new Refusal(404, "Not found", `This API version does not have ${path.join("/")}.`);
    if (typeof value === "object") return { status: 200, body: value };
    if (query.get("format") !== "text")
      throw badRequest("A single value is only available as text. Add format=text");
    return { status: 200, text: String(value) };
  }
}

function instanceDocument(machine: VirtualMachine, apiVersion: string): Record<string, unknown> {
  const { name, resourceGroup, location, vmId, resourceId, size = "Standard_D2s_v3", zone = "" } = machine;
  const tags = Object.entries(machine.tags ?? {}).map(([key, value]) => ({ name: key, value }));
  /** Undefined, which JSON leaves out, in versions without the field. */
  const since = (version: string, value: unknown) => (apiVersion >= version ? value : undefined);
  return {
    compute: {
      azEnvironment: "AzurePublicCloud",
      location,
      name,
      osType: "Linux",
      provider: "Microsoft.Compute",
      resourceGroupName: resourceGroup,
      resourceId: since("2019-03-11", resourceId),
      subscriptionId: resourceId.split("/")[2],
      userData: since("2021-01-01", Buffer.from(machine.userData ?? "").toString("base64")),
      tags: tags.map((tag) => `${tag.name}:${tag.value}`).join(";"),
      tagsList: since("2019-06-04", tags),
      vmId,
      vmScaleSetName: "",
      vmSize: size,
      zone,
    },
    network: {
      interface: [
        {
          ipv4: {
            ipAddress: [{ privateIpAddress: machine.privateIpAddress ?? "", publicIpAddress: "" }],
            subnet: [],
          },
          ipv6: { ipAddress: [] },
        },
      ],
    },
  };
}

function checkApiVersion(apiVersion: string | null): void {
  if (apiVersion === null || !apiVersions.includes(apiVersion)) {
    throw badRequest(
      `api-version is invalid or was not specified in the request. Newest: ${apiVersions.slice(-3).join(", ")}`,
    );
  }
}

const badRequest = (message: string): Refusal => new Refusal(400, "invalid_request", message);
