import { createPrivateKey, X509Certificate } from "node:crypto";
import { type Azure, startAzure } from "../../../../sandbox/azure/azure";
import { ask } from "../caller";
import { agent, deployer, keyVaultId, recoveryReader, tenantId, world } from "../example-world";

const audience = "https://vault.azure.net";
const value = Buffer.from("a data key of thirty-two bytes..").toString("base64url");

let azure: Azure;
beforeAll(async () => {
  azure = await startAzure(world, { print: () => {} });
  azure.keyVault("kv-recovery").setSecret("key-1", "made up");
});
afterAll(() => azure.stop());

const tokens: Record<string, () => string> = {
  Vault: () => azure.tokenForMachine("vm-vault", audience),
  agent: () => azure.tokenForMachine("vm-agent", audience),
  "web app": () => azure.tokenForSite("app-web", audience),
  deployer: () => azure.tokenForPerson(deployer, audience),
  "recovery reader": () => azure.tokenForPerson(recoveryReader, audience),
};

const call = (who: string, method: string, path: string, body?: unknown) => {
  const [vault, ...rest] = path.split("/");
  return ask(azure, `https://${vault}.vault.azure.net/${rest.join("/")}?api-version=7.4`, {
    method,
    token: tokens[who]?.(),
    body,
  });
};
const wrapping = { alg: "RSA-OAEP-256", value };
const secret = { value: "made up" };

it("creates a key once, even if many callers request it at first", async () => {
  const answers = await Promise.all([1, 2, 3].map(() => call("Vault", "GET", "kv-vault/keys/unseal")));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
});

describe("Key Vault's rights", () => {
  // The test takes rest arguments. If a row is shorter than the parameters, Jest would add a callback.
  const allowed: [who: string, method: string, path: string, body?: unknown][] = [
    ["Vault", "GET", "kv-vault/keys/unseal"],
    ["Vault", "POST", "kv-vault/keys/unseal/wrapkey", wrapping],
    ["Vault", "GET", "kv-vault/secrets/tls"],
    ["Vault", "PUT", "kv-recovery/secrets/key-2", secret],
    ["recovery reader", "GET", "kv-recovery/secrets/key-1"],
    ["recovery reader", "GET", "kv-recovery/secrets"],
    ["recovery reader", "GET", "kv-recovery/secrets/key-1/versions"],
    ["deployer", "GET", "kv-vault/keys/unseal"],
    ["deployer", "GET", "kv-vault/certificates/tls"],
    ["deployer", "POST", "kv-vault/keys/unseal-2/encrypt", wrapping],
  ];
  it.each(allowed)("%s can %s %s", async (...[who, method, path, body]) => {
    expect((await call(who, method, path, body)).status).toBe(200);
  });

  const refused: [who: string, method: string, path: string, body?: unknown][] = [
    // Another key whose name begins like the granted one.
    ["Vault", "GET", "kv-vault/keys/unseal-2"],
    ["Vault", "POST", "kv-vault/keys/unseal-2/wrapkey", wrapping],
    ["Vault", "POST", "kv-vault/keys/unseal-2/unwrapkey", wrapping],
    ["Vault", "POST", "kv-vault/keys/unseal/encrypt", wrapping],
    ["Vault", "POST", "kv-vault/keys/unseal/decrypt", wrapping],
    ["Vault", "POST", "kv-vault/keys/unseal/sign", wrapping],
    ["Vault", "POST", "kv-vault/keys/unseal/backup"],
    ["Vault", "POST", "kv-vault/keys/unseal/rotate"],
    ["Vault", "POST", "kv-vault/keys/mine/create"],
    ["Vault", "DELETE", "kv-vault/keys/unseal"],
    ["Vault", "GET", "kv-vault/secrets"],
    ["Vault", "PUT", "kv-vault/secrets/tls", secret],
    ["Vault", "GET", "kv-vault/certificates/tls"],
    ["Vault", "GET", "kv-recovery/secrets/key-1"],
    ["Vault", "GET", "kv-recovery/secrets"],
    ["Vault", "GET", "kv-recovery/secrets/key-1/versions"],
    ["Vault", "DELETE", "kv-recovery/secrets/key-1"],
    ["deployer", "GET", "kv-recovery/secrets/key-1"],
    ["deployer", "GET", "kv-recovery/secrets"],
    ["deployer", "PUT", "kv-recovery/secrets/key-1", secret],
    ["deployer", "GET", "kv-vault/secrets/tls"],
    ["recovery reader", "PUT", "kv-recovery/secrets/key-1", secret],
    ["recovery reader", "GET", "kv-vault/secrets/tls"],
    ["recovery reader", "GET", "kv-vault/keys/unseal"],
    ["agent", "POST", "kv-vault/keys/unseal/unwrapkey", wrapping],
    ["agent", "GET", "kv-vault/secrets/tls"],
    ["web app", "GET", "kv-recovery/secrets/key-1"],
    // A caller without the right to read may not learn whether a secret exists.
    ["agent", "GET", "kv-vault/secrets/nothing-here"],
  ];
  it.each(refused)("%s cannot %s %s", async (...[who, method, path, body]) => {
    const { status, body: answer } = await call(who, method, path, body);
    expect([status, answer.error]).toMatchObject([
      403,
      { code: "Forbidden", innererror: { code: "ForbiddenByRbac" } },
    ]);
  });

  it("work from their creation until their removal", async () => {
    const grant = {
      principalId: agent,
      roleName: "Key Vault Secrets User",
      scope: keyVaultId("kv-recovery"),
    };
    const read = async () => (await call("agent", "GET", "kv-recovery/secrets/key-1")).status;
    const before = await read();
    azure.accessControl.add(grant);
    const granted = await read();
    azure.accessControl.remove(grant);
    expect([before, granted, await read()]).toEqual([403, 200, 403]);
  });

  it("need a known principal and a known role", () => {
    expect(() =>
      azure.accessControl.add({ principalId: "?", roleName: "Owner", scope: keyVaultId("kv-vault") }),
    ).toThrow("an unknown principal");
    expect(() =>
      azure.accessControl.add({ principalId: agent, roleName: "Ownr", scope: keyVaultId("kv-vault") }),
    ).toThrow("role Ownr");
  });
});

describe("Key Vault's tokens", () => {
  const url = "https://kv-vault.vault.azure.net/keys/unseal/?api-version=7.4";
  const challenge = `Bearer authorization="https://login.microsoftonline.com/${tenantId}", resource="https://vault.azure.net"`;

  it("are requested by a challenge with the address of Entra", async () => {
    const { status, headers, body } = await ask(azure, url);
    expect([status, headers["www-authenticate"], body.error.code]).toEqual([401, challenge, "Unauthorized"]);
  });

  const forged: [what: string, token: () => string | Promise<string>][] = [
    ["for another audience", () => azure.tokenForMachine("vm-vault", "https://management.azure.com/")],
    ["of another tenant", () => azure.tokenForMachine("vm-vault", audience, { claims: { tid: "another" } })],
    [
      "of another issuer",
      () =>
        azure.tokenForMachine("vm-vault", audience, { claims: { iss: "https://sts.windows.net/another/" } }),
    ],
    ["that is expired", () => azure.tokenForMachine("vm-vault", audience, { lifetime: -600 })],
    ["that never expires", () => azure.tokenForMachine("vm-vault", audience, { claims: { exp: undefined } })],
    [
      "that is not valid yet",
      () => azure.tokenForMachine("vm-vault", audience, { claims: { nbf: Date.now() / 1000 + 3600 } }),
    ],
    ["that is not signed", () => azure.tokenForMachine("vm-vault", audience, { algorithm: "none" })],
    [
      "whose header names another algorithm",
      () => azure.tokenForMachine("vm-vault", audience, { header: { alg: "RS512" } }),
    ],
    [
      "signed with the public key as a password",
      () => azure.tokenForMachine("vm-vault", audience, { algorithm: "HS256" }),
    ],
    [
      "signed by a stranger with an unknown kid",
      () => azure.tokenForMachine("vm-vault", audience, { header: { kid: "unknown" } }),
    ],
    ["without a kid", () => azure.tokenForMachine("vm-vault", audience, { header: { kid: undefined } })],
    [
      "with a claim changed after signing",
      () => tamper(azure.tokenForMachine("vm-agent", audience), { oid: "another" }),
    ],
    ["signed with a deleted key", () => withForgottenKey()],
    ["that is not a token", () => "not.a.token"],
    [
      "that names no principal",
      () => azure.tokenForMachine("vm-vault", audience, { claims: { oid: undefined } }),
    ],
  ];
  it.each(forged)("are refused %s", async (_, token) => {
    const { status, headers } = await ask(azure, url, { token: await token() });
    expect([status, headers["www-authenticate"]]).toEqual([401, challenge]);
  });

  it("of a deleted key work again after the key's return", async () => {
    const token = azure.tokenForMachine("vm-vault", audience);
    const restore = await azure.entra.replaceSigningKeys();
    const without = await ask(azure, url, { token });
    restore();
    expect([without.status, (await ask(azure, url, { token })).status]).toEqual([401, 200]);
  });

  /** A second Entra of the same tenant signs with a key that the first never published. */
  async function withForgottenKey(): Promise<string> {
    const stranger = await startAzure({ ...world, keys: [], certificates: [] });
    await stranger.stop();
    const [published] = azure.entra.keySet.keys;
    return stranger.tokenForMachine("vm-vault", audience, { header: { kid: String(published?.["kid"]) } });
  }
});

function tamper(token: string, claims: Record<string, unknown>): string {
  const [header, content = "", signature] = token.split(".");
  const changed = { ...JSON.parse(Buffer.from(content, "base64url").toString()), ...claims };
  return [header, Buffer.from(JSON.stringify(changed)).toString("base64url"), signature].join(".");
}

describe("Key Vault's keys", () => {
  it.each(["RSA-OAEP-256", "RSA-OAEP"])("unwrap their own wraps with %s", async (alg) => {
    const wrapped = await call("Vault", "POST", "kv-vault/keys/unseal//wrapkey", { alg, value });
    const version = wrapped.body.kid.split("/").at(-1);
    const unwrapped = await call("Vault", "POST", `kv-vault/keys/unseal/${version}/unwrapkey`, {
      alg,
      value: wrapped.body.value,
    });
    expect(unwrapped.body).toEqual({ kid: wrapped.body.kid, value });
  });

  it.each([
    ["with another key", "unseal-2", "RSA-OAEP-256"],
    ["with another algorithm", "unseal", "RSA-OAEP"],
  ])("do not unwrap a value that was wrapped %s", async (_, key, alg) => {
    const wrapped = await call("deployer", "POST", `kv-vault/keys/${key}/wrapkey`, { alg, value });
    const { status, body } = await call("Vault", "POST", "kv-vault/keys/unseal/unwrapkey", {
      alg: "RSA-OAEP-256",
      value: wrapped.body.value,
    });
    expect([status, body.error.code]).toEqual([400, "BadParameter"]);
  });

  it("show only their public half", async () => {
    const { body } = await call("Vault", "GET", "kv-vault/keys/unseal");
    expect(Object.keys(body.key)).toEqual(["kid", "kty", "key_ops", "n", "e"]);
  });

  it("allow only their key_ops, with any role", async () => {
    const { status, body } = await call("deployer", "POST", "kv-vault/keys/unseal/encrypt", wrapping);
    expect([status, body.error.innererror.code]).toEqual([403, "KeyOperationForbidden"]);
  });

  it.each([
    ["an algorithm Key Vault does not have", { alg: "ROT13", value }],
    ["no value", { alg: "RSA-OAEP-256" }],
    ["a value longer than the key", { alg: "RSA-OAEP-256", value: "A".repeat(1000) }],
  ])("refuse %s", async (_, body) => {
    expect((await call("Vault", "POST", "kv-vault/keys/unseal/wrapkey", body)).status).toBe(400);
  });

  it("are not found with an unknown version", async () => {
    const { status, body } = await call("Vault", "GET", `kv-vault/keys/unseal/${"0".repeat(32)}`);
    expect([status, body.error.code]).toEqual([404, "KeyNotFound"]);
  });
});

describe("Key Vault's secrets", () => {
  it("keep every version", async () => {
    const first = await call("Vault", "PUT", "kv-recovery/secrets/kept", {
      value: "one",
      contentType: "text/plain",
      tags: { share: "1" },
    });
    await call("Vault", "PUT", "kv-recovery/secrets/kept", { value: "two" });
    const version = first.body.id.split("/").at(-1);
    const read = async (path: string) => (await call("recovery reader", "GET", path)).body.value;
    expect([
      await read("kv-recovery/secrets/kept"),
      await read(`kv-recovery/secrets/kept/${version}`),
    ]).toEqual(["two", "one"]);
    expect(first.body).toMatchObject({
      value: "one",
      contentType: "text/plain",
      tags: { share: "1" },
      attributes: { enabled: true },
    });
    expect(
      (await call("recovery reader", "GET", "kv-recovery/secrets/kept/versions")).body.value,
    ).toHaveLength(2);
  });

  it.each([
    ["a name with an underscore", "a_b", { value: "x" }],
    ["no value", "empty", {}],
    ["more than 25 KB", "long", { value: "x".repeat(26_000) }],
  ])("refuse %s", async (_, name, body) => {
    expect((await call("Vault", "PUT", `kv-recovery/secrets/${name}`, body)).status).toBe(400);
  });

  it("are not readable while disabled", async () => {
    await call("Vault", "PUT", "kv-recovery/secrets/off", { value: "x", attributes: { enabled: false } });
    expect((await call("recovery reader", "GET", "kv-recovery/secrets/off")).status).toBe(403);
  });

  it.each([
    ["no api-version", "", "api-version must be specified"],
    ["an unknown api-version", "?api-version=1.0", "not recognized"],
  ])("require the API version: %s", async (_, query, reason) => {
    const { status, body } = await ask(azure, `https://kv-recovery.vault.azure.net/secrets/key-1${query}`, {
      token: tokens["recovery reader"]?.(),
    });
    expect([status, body.error.message]).toEqual([400, expect.stringContaining(reason)]);
  });
});

describe("Key Vault's certificates", () => {
  it("are public, and their secret contains key and certificate as PEM", async () => {
    const certificate = (await call("deployer", "GET", "kv-vault/certificates/tls")).body;
    const { body } = await call("Vault", "GET", "kv-vault/secrets/tls");
    expect(body).toMatchObject({
      contentType: "application/x-pem-file",
      managed: true,
      id: certificate.sid,
      kid: certificate.kid,
    });
    const made = new X509Certificate(body.value.slice(body.value.indexOf("-----BEGIN CERT")));
    expect(made.raw.toString("base64")).toBe(certificate.cer);
    expect(made.checkPrivateKey(createPrivateKey(body.value))).toBe(true);
    expect([made.checkHost("vault.example.com"), made.checkIP("127.0.0.1")]).toEqual([
      "vault.example.com",
      "127.0.0.1",
    ]);
  });

  it("have a new key after renewal, except if they reuse it", async () => {
    const reusing = {
      keyVault: "kv-vault",
      name: "same-key",
      subject: "CN=a.example.com",
      dnsNames: [],
      validityInMonths: 1,
      reuseKey: true,
    };
    const own = await startAzure({ ...world, keys: [], certificates: [...world.certificates, reusing] });
    const publicKeys = (name: string) => {
      const pem = new X509Certificate(own.keyVault("kv-vault").certificate(name) ?? "");
      return pem.publicKey.export({ type: "spki", format: "pem" });
    };
    const before = [publicKeys("tls"), publicKeys("same-key")];
    await own.renewCertificate("kv-vault", "tls");
    await own.renewCertificate("kv-vault", "same-key");
    await own.stop();
    expect([publicKeys("tls") === before[0], publicKeys("same-key") === before[1]]).toEqual([false, true]);
  });

  it("do not allow writes to their secret", async () => {
    azure.accessControl.add({
      principalId: agent,
      roleName: "Key Vault Secrets Officer",
      scope: keyVaultId("kv-vault"),
    });
    expect((await call("agent", "PUT", "kv-vault/secrets/tls", secret)).status).toBe(409);
    azure.accessControl.remove({ principalId: agent });
  });
});

describe("A key vault with saved content", () => {
  it("unwraps after a restart the values that it wrapped before", async () => {
    let kept = azure.exportState();
    const wrapped = await call("Vault", "POST", "kv-vault/keys/unseal/wrapkey", wrapping);
    const again = await startAzure(world, {
      state: JSON.parse(JSON.stringify(kept)),
      onStateChange: (state) => {
        kept = state;
      },
    });
    again.keyVault("kv-recovery").setSecret("later", "made up");
    const unwrapped = await ask(
      again,
      "https://kv-vault.vault.azure.net/keys/unseal/unwrapkey?api-version=7.4",
      {
        method: "POST",
        token: again.tokenForMachine("vm-vault", audience),
        body: { alg: "RSA-OAEP-256", value: wrapped.body.value },
      },
    );
    await again.stop();
    expect(unwrapped.body.value).toBe(value);
    expect(again.keyVault("kv-recovery").secret("key-1")).toBe("made up");
    expect(kept["kv-recovery"]?.secrets).toHaveProperty("later");
  });

  it("never loses content silently", async () => {
    const { keyVaults, keys, certificates, roleAssignments } = world;
    const smaller = {
      ...world,
      keyVaults: keyVaults.filter(({ name }) => name === "kv-vault"),
      keys,
      certificates,
      roleAssignments: roleAssignments.filter(({ scope }) => !scope.includes("kv-recovery")),
    };
    await expect(startAzure(smaller, { state: azure.exportState() })).rejects.toThrow("kv-recovery");
  });
});
