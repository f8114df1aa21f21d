import { randomUUID, timingSafeEqual } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { RequestHandler } from "../server/request-handler";
import { type Answer, type AzureRequest, type AzureService, Refusal } from "../server/service";
import type { Directory } from "./directory";

const path = "/msi/token";
/** Host name of a site's requests in faults and logs. */
const hostOf = (siteName: string): string => `${siteName}.identity`;

/** The identity endpoint inside a web app or function, version 2019-08-01. */
export class AppServiceIdentity implements AzureService {
  readonly name = "App Service identity";
  readonly #directory: Directory;
  readonly #headers = new Map<string, string>();

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  /** Returns a site's IDENTITY_HEADER. Every sandbox creates a new one. */
  headerFor(siteName: string): string {
    const header = this.#headers.get(siteName) ?? randomUUID().toUpperCase();
    this.#headers.set(siteName, header);
    return header;
  }

  answer({ caller, method, path: asked, query, headers }: AzureRequest): Answer {
    const site = this.#directory.site(caller);
    if (!site || method !== "GET" || asked !== path)
      throw new Refusal(404, "NotFound", `There is no ${method} ${asked} here.`);
    if (query.get("api-version") !== "2019-08-01") {
      throw new Refusal(
        400,
        "BadRequest",
        "The api-version must be 2019-08-01; the sandbox does not support the older one with the secret header.",
      );
    }
    if (!sameSecret(headers["x-identity-header"], this.headerFor(caller))) {
      throw new Refusal(401, "Unauthorized", "The X-IDENTITY-HEADER header is missing or wrong.");
    }
    const resource = query.get("resource");
    if (!resource) throw new Refusal(400, "BadRequest", "The resource is missing.");
    const identity = this.#directory.identityOfSite(site);
    if (!isOwn(query, identity)) {
      throw new Refusal(
        400,
        "BadRequest",
        "No Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
      );
    }
    this.#directory.checkAudience(resource);
    const expiresOn = Math.floor(Date.now() / 1000) + this.#directory.lifetimes.managedIdentity;
    return {
      status: 200,
      body: {
        access_token: this.#directory.tokenForIdentity(identity, resource),
        expires_on: String(expiresOn),
        resource,
        token_type: "Bearer",
        client_id: identity.clientId,
      },
    };
  }

  refuse({ status, message, details }: Refusal): Answer {
    return { status, headers: details.headers, body: { statusCode: status, message } };
  }
}

/** The HTTP server on loopback behind IDENTITY_ENDPOINT of one site. */
export class IdentityEndpoint {
  readonly #server: http.Server;

  constructor(siteName: string, service: AppServiceIdentity, handler: RequestHandler) {
    this.#server = http.createServer((request, response) => {
      const origin = { caller: siteName, host: hostOf(siteName), target: request.url ?? "/" };
      handler.handle(service, origin, request, response).catch(() => request.socket.destroy());
    });
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", resolve);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

function sameSecret(given: string | string[] | undefined, expected: string): boolean {
  return (
    typeof given === "string" &&
    given.length === expected.length &&
    timingSafeEqual(Buffer.from(given), Buffer.from(expected))
  );
}

/** A site has only its system-assigned identity. Another name finds nothing. */
function isOwn(
  query: URLSearchParams,
  { clientId, principalId }: { clientId: string; principalId: string },
): boolean {
  const names = { client_id: clientId, principal_id: principalId, object_id: principalId };
  return (
    !query.has("mi_res_id") &&
    Object.entries(names).every(([name, own]) => !query.has(name) || query.get(name) === own)
  );
}
