import { subscriptionId } from "../../../../sandbox/azurerm/made-up-values";
import { ask } from "../../azure/caller";
import { vaultIdentityToken } from "../vault-identity";
import { forgeries, wrongAlgorithms } from "./flawed-tokens";
import { type Attack, azureOutcome, keyVaultResource, management, type Scene } from "./scene";

const noRight = /^403 Forbidden .*not authorized/;
const recovery = "vault-recovery-keys";
const wrap = { alg: "RSA-OAEP-256", value: Buffer.from("data key").toString("base64url") };

type Who = (scene: Scene) => string;

const vault: Who = ({ sandbox }) => vaultIdentityToken(sandbox, keyVaultResource);
const agent: Who = ({ sandbox, machine }) => sandbox.azure.tokenForMachine(machine, keyVaultResource);
const webApp: Who = ({ sandbox, site }) => sandbox.azure.tokenForSite(site, keyVaultResource);
const deployer: Who = ({ sandbox }) => sandbox.deployerToken({ claims: { aud: keyVaultResource } });

/** `request` is METHOD /path. */
const refused = (
  who: Who,
  keyVault: "main" | "recovery",
  what: string,
  request: string,
  body?: unknown,
): Attack => [`${what}: ${request}`, noRight, (scene) => scene.keyVault(keyVault, who(scene), request, body)];

export const keyVaultRights: readonly Attack[] = [
  refused(vault, "recovery", "Vault reads the recovery keys that it stored", `GET /secrets/${recovery}`),
  // Vault may see that there are versions, because a node with an empty disk needs this. It reads none.
  refused(
    vault,
    "recovery",
    "Vault reads an earlier version of them",
    `GET /secrets/${recovery}/${"0".repeat(32)}`,
  ),
  refused(vault, "recovery", "Vault lists the secrets beside them", "GET /secrets"),
  refused(vault, "recovery", "Vault sets another secret", "PUT /secrets/other", { value: "x" }),
  refused(vault, "recovery", "Vault deletes them", `DELETE /secrets/${recovery}`),
  refused(vault, "recovery", "Vault backs them up", `POST /secrets/${recovery}/backup`, {}),
  refused(vault, "main", "Vault wraps with another key", "POST /keys/vm-admin-ssh//wrapkey", wrap),
  refused(vault, "main", "Vault unwraps with another key", "POST /keys/vm-admin-ssh//unwrapkey", wrap),
  refused(
    vault,
    "main",
    "Vault signs with the administrators' SSH key",
    "POST /keys/vm-admin-ssh//sign",
    wrap,
  ),
  refused(vault, "main", "Vault decrypts with its unseal key", "POST /keys/vault-unseal//decrypt", wrap),
  refused(vault, "main", "Vault rotates its unseal key", "POST /keys/vault-unseal/rotate", {}),
  refused(vault, "main", "Vault deletes its unseal key", "DELETE /keys/vault-unseal"),
  refused(vault, "main", "Vault reads MySQL's password", "GET /secrets/mysql-administrator"),
  refused(vault, "main", "Vault sets MySQL's password", "PUT /secrets/mysql-administrator", { value: "x" }),
  refused(vault, "main", "Vault lists the secrets", "GET /secrets"),
  refused(vault, "main", "Vault replaces its certificate", "POST /certificates/vault-tls/import", {}),
  refused(deployer, "recovery", "a deployer reads the recovery keys", `GET /secrets/${recovery}`),
  refused(deployer, "recovery", "a deployer sets the recovery keys", `PUT /secrets/${recovery}`, {
    value: "x",
  }),
  refused(deployer, "recovery", "a deployer lists the secrets there", "GET /secrets"),
  refused(deployer, "recovery", "a deployer deletes the recovery keys", `DELETE /secrets/${recovery}`),
  ...(
    [
      ["an agent", agent],
      ["a web app", webApp],
    ] as const
  ).flatMap(([name, who]) => [
    refused(who, "main", `${name} reads Vault's TLS private key`, "GET /secrets/vault-tls"),
    refused(who, "main", `${name} reads MySQL's password`, "GET /secrets/mysql-administrator"),
    refused(who, "main", `${name} unwraps with the unseal key`, "POST /keys/vault-unseal//unwrapkey", wrap),
    refused(who, "main", `${name} replaces Vault's certificate`, "POST /certificates/vault-tls/import", {}),
    refused(who, "recovery", `${name} reads the recovery keys`, `GET /secrets/${recovery}`),
  ]),
];

const readUnsealKey =
  (token: Who): Attack[2] =>
  (scene) =>
    scene.keyVault("main", token(scene), "GET /keys/vault-unseal");

export const keyVaultTokens: readonly Attack[] = [
  ["no token", /^401 .*AKV10000/, (s) => s.keyVault("main", undefined, "GET /keys/vault-unseal")],
  [
    "a token for the management API",
    /^401 .*AKV10022/,
    readUnsealKey(({ sandbox }) => vaultIdentityToken(sandbox, management)),
  ],
  [
    "a token of another tenant",
    /^401 .*AKV10032/,
    readUnsealKey(({ sandbox }) =>
      vaultIdentityToken(sandbox, keyVaultResource, {
        claims: { iss: "https://sts.windows.net/other/" },
      }),
    ),
  ],
  [
    "an expired token",
    /^401 .*TokenExpired/,
    readUnsealKey(({ sandbox }) => vaultIdentityToken(sandbox, keyVaultResource, { lifetime: -3600 })),
  ],
  ...[...forgeries, ...wrongAlgorithms].map(
    ([what, spoil]): Attack => [
      `a token ${what}`,
      /^401 .*(signature|AKV10046)/,
      readUnsealKey(({ sandbox }) =>
        spoil((changes) => vaultIdentityToken(sandbox, keyVaultResource, changes)),
      ),
    ],
  ),
];

const imds = (resource: string) =>
  `http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${encodeURIComponent(resource)}`;
const askImds = async (
  { sandbox }: Scene,
  from: string | undefined,
  headers: Record<string, string>,
  url = imds(management),
) => azureOutcome(await ask(sandbox.azure, url, { from, headers }));
const askIdentityEndpoint = async ({ sandbox, site }: Scene, headers: Record<string, string>, more = "") => {
  const { endpoint } = sandbox.azure.identityEndpointFor(site);
  const url = `${endpoint}?api-version=2019-08-01&resource=${encodeURIComponent(management)}${more}`;
  const response = await fetch(url, { headers });
  return azureOutcome({ status: response.status, body: await response.json() });
};
const armOf = async ({ sandbox, resourceGroup }: Scene, token: string, machine: string) => {
  const virtualMachine = `resourceGroups/${resourceGroup}/providers/Microsoft.Compute/virtualMachines/${machine}`;
  const url = `${management}subscriptions/${subscriptionId}/${virtualMachine}?api-version=2022-11-01`;
  return azureOutcome(await ask(sandbox.azure, url, { token }));
};

export const identities: readonly Attack[] = [
  ["IMDS, by a web app", /^403 unreachable/, (s) => askImds(s, s.site, { Metadata: "true" })],
  ["IMDS, from another address", /^403 unreachable/, (s) => askImds(s, undefined, { Metadata: "true" })],
  [
    "IMDS, without the Metadata header",
    /^400 invalid_request Required metadata header/,
    (s) => askImds(s, s.machine, {}),
  ],
  [
    "IMDS, with Metadata: false",
    /^400 invalid_request Required metadata header/,
    (s) => askImds(s, s.machine, { Metadata: "false" }),
  ],
  [
    "IMDS, forwarded for somebody else",
    /^400 invalid_request .*X-Forwarded-For/,
    (s) => askImds(s, s.machine, { Metadata: "true", "X-Forwarded-For": "203.0.113.9" }),
  ],
  [
    "IMDS, for an unknown resource",
    /^400 invalid_resource AADSTS500011/,
    (s) => askImds(s, s.machine, { Metadata: "true" }, imds("https://attacker.example")),
  ],
  [
    "IMDS, for Vault's identity, by an agent",
    /^400 invalid_request Identity not found/,
    (s) => askImds(s, s.machine, { Metadata: "true" }, `${imds(management)}&object_id=${oidOf(vault(s))}`),
  ],
  [
    "the identity endpoint, without its header",
    /^401 .*X-IDENTITY-HEADER/,
    (s) => askIdentityEndpoint(s, {}),
  ],
  [
    "the identity endpoint, with a guessed header",
    /^401 .*X-IDENTITY-HEADER/,
    (s) => askIdentityEndpoint(s, { "X-IDENTITY-HEADER": "00000000-0000-0000-0000-000000000000" }),
  ],
  [
    "the identity endpoint, for another's identity",
    /^400 No Managed Identity found/,
    (s) =>
      askIdentityEndpoint(
        s,
        { "X-IDENTITY-HEADER": s.sandbox.azure.identityEndpointFor(s.site).header },
        `&object_id=${oidOf(vault(s))}`,
      ),
  ],
  [
    "ARM: an agent reads Vault's VM",
    /^403 AuthorizationFailed/,
    (s) => armOf(s, s.machineToken(), s.vaultMachine),
  ],
  [
    "ARM: a web app reads the agent's VM",
    /^403 AuthorizationFailed/,
    (s) => armOf(s, s.siteToken(), s.machine),
  ],
  ["ARM: a token for Key Vault", /^401 InvalidAuthenticationToken/, (s) => armOf(s, vault(s), s.machine)],
];

function oidOf(token: string): string {
  return (JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { oid: string }).oid;
}
