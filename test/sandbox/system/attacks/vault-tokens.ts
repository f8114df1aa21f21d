import { type Attack, type Scene, tokenOf } from "./scene";

const plaintext = { plaintext: "aGVsbG8=" };
const denied = /^403 .*permission denied/;

/** A stolen token that is used from another address than its owner's. */
export const stolenTokens: readonly Attack[] = [
  ["the web app's, at an agent", denied, (s) => from(s, s.tokens.webApp, s.machine)],
  ["the web app's, elsewhere", denied, (s) => from(s, s.tokens.webApp, undefined)],
  ["the web app's, on Vault's own VM", denied, (s) => from(s, s.tokens.webApp, s.vaultMachine)],
  ["the agent's, at the web app", denied, (s) => from(s, s.tokens.agent, s.site)],
  ["the agent's, elsewhere", denied, (s) => from(s, s.tokens.agent, undefined)],
  ["the agent's, on Vault's own VM", denied, (s) => from(s, s.tokens.agent, s.vaultMachine)],
  [
    "the agent's, to end itself elsewhere",
    denied,
    (s) => s.vault({ method: "POST", path: "auth/token/revoke-self", token: s.tokens.agent }),
  ],
];

export const overreach: readonly Attack[] = [
  [
    "a longer life for a batch token",
    /^400 batch tokens cannot be renewed/,
    (s) => s.asWebApp("POST auth/token/renew-self", {}),
  ],
  ["a child of a batch token", denied, (s) => s.asWebApp("POST auth/token/create", {})],
  ["a child of the agent's token", denied, (s) => s.asAgent("POST auth/token/create", {})],
  [
    "a token for the deployers' policy",
    denied,
    (s) => s.asAgent("POST auth/token/create", { policies: ["deployer"] }),
  ],
  ["the agent: the web app's database user", denied, (s) => s.asAgent("GET database/creds/long")],
  ["the agent: that user by a detour", denied, (s) => s.asAgent("GET database/creds/short/../long")],
  [
    "the agent: that user by an encoded detour",
    denied,
    (s) => s.asAgent("GET database/creds/short%2F..%2Flong"),
  ],
  ["the agent: the archive's key", denied, (s) => s.asAgent("POST transit/encrypt/archive-key", plaintext)],
  [
    "the agent: that key by a detour",
    denied,
    (s) => s.asAgent("POST transit/encrypt/customer-key/../archive-key", plaintext),
  ],
  [
    "the agent: the same by encoded dots",
    denied,
    (s) => s.asAgent("POST transit/encrypt/customer-key/%2e%2e/archive-key", plaintext),
  ],
  [
    "the agent: that key by an encoded detour",
    denied,
    (s) => s.asAgent("POST transit/encrypt/customer-key%2F..%2Farchive-key", plaintext),
  ],
  [
    "the agent: the same by two slashes",
    denied,
    (s) => s.asAgent("POST transit//encrypt/archive-key", plaintext),
  ],
  [
    "the agent: many records under the archive's key",
    denied,
    (s) => s.asAgent("POST transit/encrypt/archive-key", { batch_input: [plaintext] }),
  ],
  [
    "the web app: a new key that a use would create",
    denied,
    (s) => s.asWebApp("POST transit/encrypt/mine", plaintext),
  ],
  ["the web app: the agent's database user", denied, (s) => s.asWebApp("GET database/creds/short")],
  [
    "the web app: the database's root password",
    denied,
    (s) => s.asWebApp("POST database/rotate-root/mysql", {}),
  ],
  [
    "the web app: its own policy",
    denied,
    (s) => s.asWebApp("PUT sys/policies/acl/workload-webapp", { policy: "" }),
  ],
  ["the web app: its own role", denied, (s) => s.asWebApp("POST auth/jwt/role/webapp-role", {})],
  ["the web app: another identity's role", denied, (s) => s.asWebApp("POST auth/jwt/role/mine", {})],
  ["the web app: the list of mounts", denied, (s) => s.asWebApp("GET sys/mounts")],
  ["nobody: a secret", denied, (s) => s.vault({ path: "database/creds/short" })],
  [
    "a guessed token",
    /^403 .*(invalid token|permission denied)/,
    (s) => s.vault({ path: "database/creds/short", token: "root" }),
  ],
  [
    "a deployer's token with a letter changed",
    /^403 .*(invalid token|bad token|permission denied)/,
    (s) => s.vault({ path: "sys/mounts", token: changed(s.tokens.deployer) }),
  ],
  [
    "the web app's token with a letter changed",
    /^40[03] /,
    (s) => s.vault({ path: "auth/token/lookup-self", token: changed(s.tokens.webApp) }, s.site),
  ],
  // Vault 1.21 takes the dots for a namespace and fails.
  [
    "an Entra token instead of Vault's",
    /^(403 .*permission denied|500 .*internal error)/,
    (s) => s.vault({ path: "sys/mounts", token: s.sandbox.deployerToken() }),
  ],
];

/** Attacks with tokens that were valid once. */
export const replays: readonly Attack[] = [
  [
    "the agent's token after it was revoked",
    /^403 .*(invalid token|bad token|permission denied)/,
    async (s) => {
      const token = tokenOf(await s.loginByAzure());
      await s.vault({ method: "POST", path: "auth/token/revoke-self", token }, s.machine);
      return s.vault({ path: "auth/token/lookup-self", token }, s.machine);
    },
  ],
  [
    "a deployer's token after it was revoked",
    /^403 .*(invalid token|bad token|permission denied)/,
    async (s) => {
      const token = tokenOf(await s.loginAsDeployer());
      await s.vault({ method: "POST", path: "auth/token/revoke-self", token });
      return s.vault({ path: "sys/mounts", token });
    },
  ],
];

function from(scene: Scene, token: string, place: string | undefined) {
  return scene.vault({ method: "POST", path: "transit/encrypt/customer-key", token, body: plaintext }, place);
}

function changed(token: string): string {
  // Vault ignores parts of a service token's signature, and the spare bits of a batch token's last letter. The second
  // and the third letter from the end matter in both.
  return token.replace(/..(?=.$)/, (two) => (two === "AA" ? "BB" : "AA"));
}
