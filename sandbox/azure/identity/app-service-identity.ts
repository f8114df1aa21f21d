import { randomUUID, timingSafeEqual } from "node:crypto";
import http from "node:http";
import type { AzureResponse } from "../server/azure-response";
import { LoopbackServer } from "../server/loopback-server";
import { Refusal } from "../server/refusal";
import type { RequestHandler } from "../server/request-handler";
import type { AzureRequest, AzureService } from "../server/service";
import type { Directory } from "./directory";

/** The endpoint's path in IDENTITY_ENDPOINT. */
export const path = "/msi/token";

/** The identity endpoint inside a web app or function, version 2019-08-01. */
export class AppServiceIdentity implements AzureService {
  readonly name = "App Service identity";
  readonly #headers = new Map<string, string>();

  constructor(private readonly directory: Directory) {}

  /** Returns a site's IDENTITY_HEADER. Every sandbox creates a new one. */
  headerFor(siteName: string): string {
    const header = this.#headers.get(siteName) ?? randomUUID().toUpperCase();
    this.#headers.set(siteName, header);
    return header;
  }

  /** The server of one site behind IDENTITY_ENDPOINT. Faults and logs know it as `<site>.identity`. */
  serverFor(caller: string, handler: RequestHandler): LoopbackServer {
    const server = http.createServer((request, response) => {
      const origin = { caller, host: `${caller}.identity`, target: request.url ?? "/" };
      handler.handle(this, origin, request, response).catch(() => request.socket.destroy());
    });
    return new LoopbackServer(server);
  }

  answer({ caller, method, path: asked, query, headers }: AzureRequest): AzureResponse {
    const site = this.directory.site(caller);
    if (!site || method !== "GET" || asked !== path)
      throw new Refusal(404, "NotFound", `The endpoint does not support ${method} ${asked}.`);
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
    const identity = this.directory.identityOfSite(site);
    if (!isOwn(query, identity)) {
      throw new Refusal(
        400,
        "BadRequest",
        "No Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
      );
    }
    this.directory.checkAudience(resource);
    const expiresOn = Math.floor(Date.now() / 1000) + this.directory.lifetimes.managedIdentity;
    return {
      status: 200,
      body: {
        access_token: this.directory.tokenForIdentity(identity, resource),
        expires_on: String(expiresOn),
        resource,
        token_type: "Bearer",
        client_id: identity.clientId,
      },
    };
  }

  refuse({ status, message, details }: Refusal): AzureResponse {
    return { status, headers: details.headers, body: { statusCode: status, message } };
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
