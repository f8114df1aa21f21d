import { signedInObjectId } from "../../../../sandbox/azurerm/made-up-values";
import { vaultIdentityToken } from "../vault-identity";
import { expired, type Flaw, forgeries, notYetValid, wrongAlgorithms } from "./flawed-tokens";
import { type Attack, keyVaultResource, management, type Scene, stranger } from "./scene";

const wrongIssuer = /invalid issuer|issued by a different provider/;

type Login = (scene: Scene) => (token: string) => ReturnType<Scene["vault"]>;
type Honest = (scene: Scene) => (overrides?: Parameters<Scene["siteToken"]>[0]) => string;

const doors: readonly (readonly [name: string, login: Login, token: Honest])[] = [
  ["jwt", (scene) => (token) => scene.loginByJwt(token), (scene) => (changes) => scene.siteToken(changes)],
  [
    "azure",
    (scene) => (token) => scene.loginByAzure(token),
    (scene) => (changes) => scene.machineToken(changes),
  ],
  [
    "deployer",
    (scene) => (token) => scene.loginAsDeployer(token),
    (scene) => (changes) => scene.sandbox.deployerToken(changes),
  ],
];

/** Attacks that every login must refuse. */
export const flawedTokens: readonly Attack[] = doors.flatMap(([door, login, honest]) => {
  const attack = ([what, spoil]: Flaw, refusal: RegExp): Attack => [
    `auth/${door} with a token ${what}`,
    refusal,
    (scene) => login(scene)(spoil(honest(scene))),
  ];
  const claims = (what: string, changed: Record<string, unknown>, refusal: RegExp) =>
    attack([what, (token) => token({ claims: changed })], refusal);
  return [
    attack(expired, /expired/),
    attack(notYetValid, /token not yet valid|before the nbf/),
    ...forgeries.map((flaw) => attack(flaw, /failed to verify id token signature/)),
    ...wrongAlgorithms.map((flaw) => attack(flaw, /unexpected signature algorithm "(none|HS256)"/)),
    claims("for Key Vault, not for Azure's management", { aud: keyVaultResource }, /audience/),
    claims("of another issuer", { iss: `https://sts.windows.net/${stranger}/` }, wrongIssuer),
    claims(
      "of the issuer's other version",
      { iss: "https://login.microsoftonline.com/common/v2.0" },
      wrongIssuer,
    ),
    attack(["that is empty", () => ""], /^400 (missing token|jwt is required)/),
    attack(["that is garbage", () => "garbage"], /malformed jwt: .* three parts/),
    attack(["of three empty parts", () => ".."], /unexpected signature algorithm ""/),
  ];
});

/** Valid tokens of the wrong app, tenant, place or role. */
export const webAppLogins: readonly Attack[] = [
  [
    "another app's identity",
    /^400 .*invalid subject/,
    (s) => s.loginByJwt({ claims: { sub: stranger, oid: stranger } }),
  ],
  [
    "another subject with the web app's object id",
    /^400 .*invalid subject/,
    (s) => s.loginByJwt({ claims: { sub: stranger } }),
  ],
  [
    "the web app's subject with another object id",
    /^400 .*claim "oid" does not match/,
    (s) => s.loginByJwt({ claims: { oid: stranger } }),
  ],
  ["another tenant", /^400 .*claim "tid" does not match/, (s) => s.loginByJwt({ claims: { tid: stranger } })],
  [
    "another identity provider",
    /^400 .*claim "idp" does not match/,
    (s) => s.loginByJwt({ claims: { idp: "https://attacker.example/" } }),
  ],
  [
    "no identity provider, as people's tokens have none",
    /^400 .*claim "idp" is missing/,
    (s) => s.loginByJwt({ claims: { idp: undefined } }),
  ],
  ["no subject", /^400 .*invalid subject/, (s) => s.loginByJwt({ claims: { sub: undefined } })],
  ["no lifetime", /^400 .*token is expired/, (s) => s.loginByJwt({ claims: { exp: undefined } })],
  [
    "the audience without its slash",
    /^400 .*audience/,
    (s) => s.loginByJwt({ claims: { aud: "https://management.azure.com" } }),
  ],
  [
    "an agent's identity",
    /^40[03] .*(invalid subject|permission denied)/,
    (s) => s.loginByJwt(s.machineToken(), {}, s.machine),
  ],
  [
    "an agent's identity, from the web app's address",
    /^400 .*invalid subject/,
    (s) => s.loginByJwt(s.machineToken()),
  ],
  ["Vault's own identity", /^400 .*invalid subject/, (s) => s.loginByJwt(vaultsToken(s))],
  ["a deployer's token", /^400 .*invalid subject/, (s) => s.loginByJwt(s.sandbox.deployerToken())],
  [
    "the agent's role",
    /^400 role "agent-role" could not be found/,
    (s) => s.loginByJwt(undefined, { role: "agent-role" }),
  ],
  [
    "the deployers' role",
    /^400 role "deployer" could not be found/,
    (s) => s.loginByJwt(undefined, { role: "deployer" }),
  ],
  ["no role", /^400 missing role/, (s) => s.loginByJwt(undefined, { role: undefined })],
  [
    "a stolen token, from an agent's address",
    /^403 .*permission denied/,
    (s) => s.loginByJwt(undefined, {}, s.machine),
  ],
  [
    "a stolen token, from another address",
    /^403 .*permission denied/,
    (s) =>
      s.vault({ method: "POST", path: "auth/jwt/login", body: { role: "webapp-role", jwt: s.siteToken() } }),
  ],
];

export const agentLogins: readonly Attack[] = [
  [
    "another subscription",
    /^500 unable to retrieve virtual machine metadata/,
    (s) => s.loginByAzure(undefined, { subscription_id: stranger }),
  ],
  [
    "another resource group",
    /^500 unable to retrieve virtual machine metadata/,
    (s) => s.loginByAzure(undefined, { resource_group_name: "rg-other" }),
  ],
  [
    "no resource group",
    /^500 subscription_id and resource_group_name are required/,
    (s) => s.loginByAzure(undefined, { resource_group_name: undefined }),
  ],
  [
    "another VM's name",
    /^500 xms_mirid token claim does not match vm_name/,
    (s) => s.loginByAzure(undefined, { vm_name: s.vaultMachine }),
  ],
  [
    "a VM's name that does not exist",
    /^500 xms_mirid token claim does not match vm_name/,
    (s) => s.loginByAzure(undefined, { vm_name: "vm-none" }),
  ],
  [
    "no VM's name",
    /^500 provided resource_id does not match/,
    (s) => s.loginByAzure(undefined, { vm_name: undefined }),
  ],
  [
    "a scale set's name instead",
    /^500 failed to verify flexible vmss claim/,
    (s) => s.loginByAzure(undefined, { vm_name: undefined, vmss_name: s.machine }),
  ],
  [
    "a path instead of the VM's name",
    /^400 invalid vm name/,
    (s) => s.loginByAzure(undefined, { vm_name: `../virtualMachines/${s.machine}` }),
  ],
  [
    "another VM's token with its own name",
    /^500 service principal not authorized/,
    (s) => s.loginByAzure(vaultsToken(s), { vm_name: s.vaultMachine }),
  ],
  [
    "another VM's token with the agent's name",
    /^500 service principal not authorized/,
    (s) => s.loginByAzure(vaultsToken(s)),
  ],
  [
    "another identity's object id",
    /^500 service principal not authorized/,
    (s) => s.loginByAzure({ claims: { oid: stranger, sub: stranger } }),
  ],
  [
    "the resource id of another VM in the token",
    /^500 xms_mirid token claim does not match vm_name/,
    (s) => s.loginByAzure({ claims: { xms_mirid: miridOf(s, { machine: "vm-other" }) } }),
  ],
  [
    "the resource id of another resource group in the token",
    /^500 xms_mirid token claim does not match resource_group_name/,
    (s) => s.loginByAzure({ claims: { xms_mirid: miridOf(s, { group: "rg-other" }) } }),
  ],
  [
    "another resource group, in token and request",
    /^500 unable to retrieve virtual machine metadata/,
    (s) =>
      s.loginByAzure(
        { claims: { xms_mirid: miridOf(s, { group: "rg-other" }) } },
        { resource_group_name: "rg-other" },
      ),
  ],
  [
    "no resource id in the token",
    /^500 xms_az_rid and xms_mirid claims are missing/,
    (s) => s.loginByAzure({ claims: { xms_mirid: undefined } }),
  ],
  [
    "a web app's identity",
    /^(500 service principal not authorized|403 .*permission denied)/,
    (s) => s.loginByAzure(s.siteToken(), {}, s.site),
  ],
  [
    "a web app's identity, from the agent's address",
    /^500 service principal not authorized/,
    (s) => s.loginByAzure(s.siteToken()),
  ],
  ["a deployer's token", /^500 oidc: expected audience/, (s) => s.loginByAzure(s.sandbox.deployerToken())],
  [
    "a deployer's token for the right audience",
    /^500 service principal not authorized/,
    (s) => s.loginByAzure(s.sandbox.deployerToken({ claims: { aud: management } })),
  ],
  ["the web app's role", /^400 invalid role name/, (s) => s.loginByAzure(undefined, { role: "webapp-role" })],
  ["the deployers' role", /^400 invalid role name/, (s) => s.loginByAzure(undefined, { role: "deployer" })],
  ["no role", /^400 role is required/, (s) => s.loginByAzure(undefined, { role: undefined })],
  [
    "a stolen token, from the web app's address",
    /^403 .*permission denied/,
    (s) => s.loginByAzure(undefined, {}, s.site),
  ],
  [
    "a stolen token, from Vault's own address",
    /^403 .*permission denied/,
    (s) => s.loginByAzure(undefined, {}, s.vaultMachine),
  ],
];

export const deployerLogins: readonly Attack[] = [
  [
    "somebody who is not on the list",
    /^400 .*claim "oid" does not match/,
    (s) => s.loginAsDeployer({ claims: { oid: stranger } }),
  ],
  [
    "another tenant",
    /^400 .*claim "tid" does not match/,
    (s) => s.loginAsDeployer({ claims: { tid: stranger } }),
  ],
  ["no object id", /^400 claim "oid" not found/, (s) => s.loginAsDeployer({ claims: { oid: undefined } })],
  [
    "a list of object ids that contains a deployer's",
    /^400 claim "oid" could not be converted to string/,
    (s) => s.loginAsDeployer({ claims: { oid: [signedInObjectId, stranger] } }),
  ],
  ["a web app's identity", /^400 .*claim "oid" does not match/, (s) => s.loginAsDeployer(s.siteToken())],
  ["an agent's identity", /^400 .*claim "oid" does not match/, (s) => s.loginAsDeployer(s.machineToken())],
  ["Vault's own identity", /^400 .*claim "oid" does not match/, (s) => s.loginAsDeployer(vaultsToken(s))],
  [
    "another role",
    /^400 role "webapp-role" could not be found/,
    (s) => s.loginAsDeployer(undefined, { role: "webapp-role" }),
  ],
  ["no role", /^400 missing role/, (s) => s.loginAsDeployer(undefined, { role: undefined })],
];

/** An earlier token, after Entra withdrew its key. */
export const withdrawnKeys: readonly Attack[] = doors.map(([door, login, honest]) => [
  `auth/${door} with a token whose key Entra has withdrawn`,
  /failed to verify id token signature/,
  async (scene) => {
    const before = honest(scene)();
    const restore = await scene.sandbox.azure.entra.replaceSigningKeys();
    try {
      // Vault fetches the keys again when a token has an unknown key.
      await login(scene)(honest(scene)());
      return await login(scene)(before);
    } finally {
      restore();
    }
  },
]);

function vaultsToken({ sandbox }: Scene): string {
  return vaultIdentityToken(sandbox, "https://management.azure.com/");
}

function miridOf(scene: Scene, { machine = scene.machine, group = scene.resourceGroup }): string {
  const [, payload = ""] = scene.machineToken().split(".");
  const { xms_mirid } = JSON.parse(Buffer.from(payload, "base64url").toString()) as { xms_mirid: string };
  return xms_mirid.replace(/resourcegroups\/[^/]+/i, `resourcegroups/${group}`).replace(/[^/]+$/, machine);
}
