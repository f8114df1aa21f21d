import { randomUUID } from "node:crypto";
import { sameId } from "../model/resource-id";
import type { AzureResponse } from "../server/azure-response";
import { notImitated, Refusal } from "../server/refusal";
import { findRoute, type Route } from "../server/routes";
import type { AzureRequest, HostedService } from "../server/service";
import type { Directory } from "./directory";
import type { TokenIssuer } from "./token-issuer";

const authority = "https://login.microsoftonline.com";

interface EntraRoute extends Route {
  answer: (request: AzureRequest) => unknown;
}

interface EntraProps {
  issuer: TokenIssuer;
  directory: Directory;
  /** Object id of the person at the browser, who approves every device code at once. */
  personAtBrowser?: string;
}

/** Lifetime of a device code in seconds. */
const deviceCodeLifetime = 900;

/**
 * Entra ID for services that check tokens (discovery and keys, under both of its names), and for the Azure CLI, with
 * which a person signs in by device code. Source: Entra, "Device authorization grant", and MSAL for Python.
 */
export class Entra implements HostedService {
  readonly name = "Entra";
  readonly scheme = "https";
  readonly hosts = ["login.microsoftonline.com", "login.windows.net", "sts.windows.net"];
  /** The person behind each device code and refresh token. */
  readonly #grants = new Map<string, { person: string; scope: string }>();
  readonly #routes: EntraRoute[] = [
    { request: "GET /{tenant}/.well-known/openid-configuration", answer: () => this.#configuration() },
    { request: "GET /{tenant}/v2.0/.well-known/openid-configuration", answer: () => this.#configurationV2() },
    { request: "GET /{tenant}/discovery/keys", answer: () => this.props.issuer.keySet },
    { request: "GET /{tenant}/discovery/v2.0/keys", answer: () => this.props.issuer.keySet },
    { request: "GET /{tenant}/discovery/instance", answer: () => instanceDiscovery },
    { request: "POST /{tenant}/oauth2/v2.0/devicecode", answer: (request) => this.#startDeviceCode(request) },
    { request: "POST /{tenant}/oauth2/v2.0/token", answer: (request) => this.#token(request) },
  ];

  constructor(private readonly props: EntraProps) {}

  /** Ends every login, as after a password change. */
  forgetLogins(): void {
    this.#grants.clear();
  }

  answer(request: AzureRequest): AzureResponse {
    const { method, path } = request;
    const found = findRoute(this.#routes, method, path);
    if (!found) throw notImitated(`${method} ${path} of Entra`, 404);
    this.#checkTenant(found.parameters["tenant"] ?? "", path);
    return { status: 200, body: found.route.answer(request) };
  }

  refuse({ status, code, message, details }: Refusal): AzureResponse {
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

  /** Also serves the keys for "common". A discovery document belongs to one tenant. */
  #checkTenant(tenant: string, path: string): void {
    if (sameId(tenant, this.props.issuer.tenantId)) return;
    if (tenant === "common" && path.includes("/discovery/")) return;
    // A person who names no tenant signs in to the only one.
    if (["common", "organizations"].includes(tenant) && /\/v2\.0\//.test(path)) return;
    throw new Refusal(
      400,
      "invalid_tenant",
      `AADSTS90002: Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
    );
  }

  #startDeviceCode({ body }: AzureRequest): unknown {
    const person = this.props.personAtBrowser;
    if (person === undefined) throw notImitated("a sign-in without a person at the browser", 400);
    const code = randomUUID();
    this.#grants.set(code, { person, scope: new URLSearchParams(body).get("scope") ?? "" });
    return {
      device_code: code,
      user_code: code.slice(0, 8).toUpperCase(),
      verification_uri: "https://microsoft.com/devicelogin",
      expires_in: deviceCodeLifetime,
      interval: 1,
      message: "The sandbox approves this sign-in automatically.",
    };
  }

  /** Issues access token, id token and refresh token for a device code or a refresh token. */
  #token({ body }: AzureRequest): unknown {
    const form = new URLSearchParams(body);
    const grant = form.get("device_code") ?? form.get("refresh_token") ?? "";
    const granted = this.#grants.get(grant);
    const known = ["urn:ietf:params:oauth:grant-type:device_code", "device_code", "refresh_token"];
    if (!known.includes(form.get("grant_type") ?? ""))
      throw notImitated(`the grant ${form.get("grant_type")}`, 400);
    if (granted === undefined) {
      throw new Refusal(
        400,
        "invalid_grant",
        "AADSTS70008: The provided authorization code or refresh token has expired.",
      );
    }
    const { directory, issuer } = this.props;
    const { person } = granted;
    const scopes = (form.get("scope") ?? granted.scope)
      .split(" ")
      .filter((scope) => scope.endsWith("/.default"));
    const audience = scopes[0]?.slice(0, -"/.default".length) ?? "";
    directory.checkAudience(audience);
    const refreshToken = `${randomUUID()}${randomUUID()}`;
    this.#grants.set(refreshToken, granted);
    const clientInfo = JSON.stringify({ uid: person, utid: issuer.tenantId });
    return {
      token_type: "Bearer",
      scope: `${audience}/user_impersonation ${audience}/.default`,
      expires_in: directory.lifetimes.person,
      ext_expires_in: directory.lifetimes.person,
      access_token: directory.tokenForPerson(person, audience),
      refresh_token: refreshToken,
      id_token: directory.idTokenForPerson(person, form.get("client_id") ?? ""),
      client_info: Buffer.from(clientInfo).toString("base64url"),
    };
  }

  #configuration(): Record<string, unknown> {
    const { tenantId, issuer } = this.props.issuer;
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
    const { tenantId } = this.props.issuer;
    return {
      ...this.#configuration(),
      token_endpoint: `${authority}/${tenantId}/oauth2/v2.0/token`,
      device_authorization_endpoint: `${authority}/${tenantId}/oauth2/v2.0/devicecode`,
      jwks_uri: `${authority}/${tenantId}/discovery/v2.0/keys`,
      issuer: `${authority}/${tenantId}/v2.0`,
      authorization_endpoint: `${authority}/${tenantId}/oauth2/v2.0/authorize`,
    };
  }
}

/** Entra's names in this cloud. */
const instanceDiscovery = {
  tenant_discovery_endpoint: `${authority}/common/v2.0/.well-known/openid-configuration`,
  "api-version": "1.1",
  metadata: [
    {
      preferred_network: "login.microsoftonline.com",
      preferred_cache: "login.windows.net",
      aliases: ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"],
    },
  ],
};
