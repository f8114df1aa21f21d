import { authenticate } from "../../identity/authenticate";
import type { BadToken, Claims, TokenIssuer } from "../../identity/token-issuer";
import type { AccessControl } from "../../model/access-control";
import { parseFields } from "../../model/fields";
import type { AzureWorld, KeyVault } from "../../model/world";
import type { AzureResponse } from "../../server/azure-response";
import { notImitated, odataError, Refusal } from "../../server/refusal";
import { findRoute } from "../../server/routes";
import type { AzureRequest, HostedService } from "../../server/service";
import { keyVaultRoutes } from "./routes";
import type { KeyVaultStore } from "./store";

const audience = "https://vault.azure.net";
const domain = ".vault.azure.net";
const apiVersions = [
  "2016-10-01",
  "7.0",
  "7.1",
  "7.2",
  "7.3",
  "7.4",
  "7.5",
  "7.6-preview.2",
  "7.6",
  "2025-07-01",
];

interface KeyVaultServiceProps {
  world: AzureWorld;
  stores: Map<string, KeyVaultStore>;
  issuer: TokenIssuer;
  accessControl: AccessControl;
}

/** The data plane of every key vault: challenge, token, right, then the operation. All rights are Azure RBAC. */
export class KeyVaultService implements HostedService {
  readonly name = "Key Vault";
  readonly scheme = "https";
  readonly refuse = odataError;

  constructor(private readonly props: KeyVaultServiceProps) {}

  /** Host names of existing key vaults only, as in DNS. */
  get hosts(): string[] {
    return this.props.world.keyVaults.map(hostOf);
  }

  async answer(request: AzureRequest): Promise<AzureResponse> {
    const keyVault = this.#keyVault(request.host);
    const store = keyVault && this.props.stores.get(keyVault.name);
    if (!store) throw notImitated(request.host, 404);
    const claims = this.#authenticate(request);
    if (keyVault.unreachable) throw noPrivateLink(claims);
    checkApiVersion(request.query.get("api-version"));
    const found = findRoute(keyVaultRoutes, request.method, request.path);
    if (!found) throw notImitated(`${request.method} ${request.path} of Key Vault`, 404);
    const { operation } = found.route;
    request.trace = { category: "AuditEvent", resourceId: keyVault.resourceId, operation };
    const { name = "", version } = found.parameters;
    this.#authorize(keyVault, claims, found.route.dataAction, name);
    const body = parseFields(request.body || "{}");
    if (!body) throw new Refusal(400, "BadParameter", "The request body is not a JSON object.");
    await store.plannedKey(name);
    return {
      // Azure needs some time to create a certificate. Source: Key Vault, Create Certificate.
      status: operation === "CertificateCreate" ? 202 : 200,
      body: await found.route.perform({ store, url: `https://${request.host}`, name, version, body }),
    };
  }

  #keyVault(host: string): KeyVault | undefined {
    return this.props.world.keyVaults.find((keyVault) => hostOf(keyVault) === host);
  }

  #authenticate(request: AzureRequest): Claims & { oid: string } {
    const { issuer } = this.props;
    return authenticate(request, issuer, [audience], (problem) => {
      const challenge = `Bearer authorization="https://login.microsoftonline.com/${issuer.tenantId}", resource="${audience}"`;
      return new Refusal(401, "Unauthorized", explain(problem, issuer.issuer), {
        headers: { "WWW-Authenticate": challenge },
      });
    });
  }

  #authorize(
    { name: vault, resourceId }: KeyVault,
    claims: Claims & { oid: string },
    operation: string,
    name: string,
  ): void {
    const action = `Microsoft.KeyVault/vaults/${operation}`;
    const resource = name ? `${resourceId}/${operation.split("/")[0]}/${name}` : resourceId;
    if (this.props.accessControl.allowsDataAction(claims.oid, action, resource)) return;
    const message = [
      "Caller is not authorized to perform action on resource.",
      "If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.",
      `Caller: appid=${claims["appid"]};oid=${claims.oid};iss=${claims["iss"]}`,
      `Action: '${action}'`,
      `Resource: '${resource.toLowerCase()}'`,
      "Assignment: (not found)",
      "DenyAssignmentId: null",
      "DecisionReason: 'DeniedWithNoValidRBAC'",
      `Vault: ${vault}`,
    ];
    throw new Refusal(403, "Forbidden", message.join("\r\n"), { innerCode: "ForbiddenByRbac" });
  }
}

/** Source: users' reports of Key Vaults with bypass None. */
function noPrivateLink(claims: Claims): Refusal {
  const message = [
    "Connection is not an approved private link and caller was ignored because bypass is not set to 'AzureServices' and PublicNetworkAccess is set to 'Disabled'.",
    `Caller: appid=${claims["appid"]};oid=${claims.oid};iss=${claims["iss"]}`,
  ];
  return new Refusal(403, "Forbidden", message.join("\r\n"), { innerCode: "ForbiddenByConnection" });
}

/** The AKV numbers are Key Vault's own. The other messages are the sandbox's. */
function explain({ flaw, found }: BadToken, issuer: string): string {
  const sentences: Record<BadToken["flaw"], string> = {
    missing: "AKV10000: Request is missing a Bearer or PoP token.",
    audience: `AKV10022: Invalid audience. Expected ${audience}, found: ${found}.`,
    issuer: `AKV10032: Invalid issuer. Expected one of ${issuer}, found ${found}.`,
    "unknown key": "AKV10046: Unable to resolve the key used for signature validation.",
    signature: `Error validating token: the signature is not valid. ${found}`,
    malformed: `Error validating token: it is not a JSON Web Token. ${found}`,
    expired: "[TokenExpired] Error validating token: it has expired.",
    "not yet valid": "Error validating token: it is not valid yet.",
  };
  return sentences[flaw].trim();
}

function checkApiVersion(apiVersion: string | null): void {
  if (apiVersion === null) throw new Refusal(400, "BadParameter", "api-version must be specified");
  if (!apiVersions.includes(apiVersion)) {
    throw new Refusal(
      400,
      "BadParameter",
      `The specified version (${apiVersion}) is not recognized. Known: ${apiVersions.join(", ")}.`,
    );
  }
}

function hostOf({ name }: KeyVault): string {
  return `${name.toLowerCase()}${domain}`;
}
