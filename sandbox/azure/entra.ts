import { randomUUID } from "node:crypto";
import { findRoute, type Route } from "./routes";
import { type Answer, type AzureRequest, type HostedService, notImitated, Refusal } from "./service";
import type { TokenIssuer } from "./token-issuer";

const authority = "https://login.microsoftonline.com";

interface EntraRoute extends Route {
  answer: () => unknown;
}

/** Entra ID as those see it who check tokens: discovery and keys, under both of its names. */
export class Entra implements HostedService {
  readonly name = "Entra";
  readonly scheme = "https";
  readonly hosts = ["login.microsoftonline.com", "login.windows.net", "sts.windows.net"];
  readonly #issuer: TokenIssuer;
  readonly #routes: EntraRoute[] = [
    {
      method: "GET",
      path: "/{tenant}/.well-known/openid-configuration",
      answer: () => this.#configuration(),
    },
    {
      method: "GET",
      path: "/{tenant}/v2.0/.well-known/openid-configuration",
      answer: () => this.#configurationV2(),
    },
    { method: "GET", path: "/{tenant}/discovery/keys", answer: () => this.#issuer.keySet },
    { method: "GET", path: "/{tenant}/discovery/v2.0/keys", answer: () => this.#issuer.keySet },
  ];

  constructor(issuer: TokenIssuer) {
    this.#issuer = issuer;
  }

  answer({ method, path }: AzureRequest): Answer {
    const found = findRoute(this.#routes, method, path);
    if (!found) throw notImitated(`${method} ${path} of Entra`, 404);
    this.#checkTenant(found.parameters["tenant"] ?? "", path);
    return { status: 200, body: found.route.answer() };
  }

  refuse({ status, code, message, details }: Refusal): Answer {
    const number = Number(/^AADSTS(\d+)/.exec(message)?.[1] ?? 0);
    return {
      status,
      headers: details.headers,
      body: {
        error: code,
        error_description: message,
        error_codes: [number],
        timestamp: `${new Date().toISOString().slice(0, 19).replace("T", " ")}Z`,
        trace_id: randomUUID(),
        correlation_id: randomUUID(),
        error_uri: `${authority}/error?code=${number}`,
      },
    };
  }

  /** The keys are also there for "common"; a discovery document is of one tenant only, here. */
  #checkTenant(tenant: string, path: string): void {
    if (tenant.toLowerCase() === this.#issuer.tenantId.toLowerCase()) return;
    if (tenant === "common" && path.includes("/discovery/")) return;
    throw new Refusal(
      400,
      "invalid_tenant",
      `AADSTS90002: Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
    );
  }

  #configuration(): Record<string, unknown> {
    const { tenantId, issuer } = this.#issuer;
    return {
      token_endpoint: `${authority}/${tenantId}/oauth2/token`,
      token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt", "client_secret_basic"],
      jwks_uri: `${authority}/common/discovery/keys`,
      response_modes_supported: ["query", "fragment", "form_post"],
      subject_types_supported: ["pairwise"],
      id_token_signing_alg_values_supported: ["RS256"],
      response_types_supported: ["code", "id_token", "code id_token", "token id_token", "token"],
      scopes_supported: ["openid"],
      issuer,
      authorization_endpoint: `${authority}/${tenantId}/oauth2/authorize`,
      end_session_endpoint: `${authority}/${tenantId}/oauth2/logout`,
      userinfo_endpoint: `${authority}/${tenantId}/openid/userinfo`,
      cloud_instance_name: "microsoftonline.com",
      cloud_graph_host_name: "graph.windows.net",
      msgraph_host: "graph.microsoft.com",
    };
  }

  #configurationV2(): Record<string, unknown> {
    const { tenantId } = this.#issuer;
    return {
      ...this.#configuration(),
      token_endpoint: `${authority}/${tenantId}/oauth2/v2.0/token`,
      jwks_uri: `${authority}/${tenantId}/discovery/v2.0/keys`,
      issuer: `${authority}/${tenantId}/v2.0`,
      authorization_endpoint: `${authority}/${tenantId}/oauth2/v2.0/authorize`,
    };
  }
}
