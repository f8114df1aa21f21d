import { createPublicKey, verify, X509Certificate } from "node:crypto";
import { type Azure, startAzure } from "../../../../sandbox/azure/azure";
import { ask, claimsOf } from "../caller";
import { deployer, tenantId, world } from "../example-world";

const arm = "https://management.azure.com/";

describe("Entra", () => {
  let azure: Azure;
  beforeAll(async () => {
    azure = await startAzure(world, { print: () => {} });
  });
  afterAll(() => azure.stop());

  it.each([
    [`https://sts.windows.net/${tenantId}`, `https://sts.windows.net/${tenantId}/`],
    [`https://login.microsoftonline.com/${tenantId}`, `https://sts.windows.net/${tenantId}/`],
    [
      `https://login.microsoftonline.com/${tenantId}/v2.0`,
      `https://login.microsoftonline.com/${tenantId}/v2.0`,
    ],
  ])("%s names itself and the address of its keys", async (url, issuer) => {
    const { body } = await ask(azure, `${url}/.well-known/openid-configuration`);
    expect(body.issuer).toBe(issuer);
    expect((await ask(azure, body.jwks_uri)).body.keys).toHaveLength(1);
  });

  it("signs every token with a key it publishes", async () => {
    const token = azure.tokenForMachine("vm-agent", arm);
    const [header = "", claims = "", signature = ""] = token.split(".");
    const { kid } = JSON.parse(Buffer.from(header, "base64url").toString());
    const { body } = await ask(azure, "https://login.microsoftonline.com/common/discovery/keys");
    const jwk = body.keys.find((key: { kid: string }) => key.kid === kid);
    const signed = Buffer.from(`${header}.${claims}`);
    expect(
      verify(
        "sha256",
        signed,
        createPublicKey({ key: jwk, format: "jwk" }),
        Buffer.from(signature, "base64url"),
      ),
    ).toBe(true);
    const certificate = new X509Certificate(Buffer.from(jwk.x5c[0], "base64"));
    expect(verify("sha256", signed, certificate.publicKey, Buffer.from(signature, "base64url"))).toBe(true);
  });

  it("gives a person the Azure CLI's token, valid for a little over an hour", () => {
    const claims = claimsOf(azure.tokenForPerson(deployer, arm));
    expect(claims).toMatchObject({
      aud: arm,
      oid: deployer,
      idtyp: "user",
      appid: "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    });
    expect(claims).not.toHaveProperty("xms_mirid");
    expect(Number(claims["exp"]) - Date.now() / 1000).toBeLessThan(76 * 60);
  });

  it("adds xms_mirid only for Microsoft's own audiences", async () => {
    const own = await startAzure({ ...world, applicationIdUris: ["api://ours"] });
    const claims = claimsOf(own.tokenForMachine("vm-agent", "api://ours"));
    await own.stop();
    expect(claims).not.toHaveProperty("xms_mirid");
  });

  it("publishes the old key and the new one after a rotation", async () => {
    const own = await startAzure(world, { print: () => {} });
    const [before] = own.entra.keySet.keys;
    await own.entra.rotateSigningKey();
    const { body } = await ask(own, `https://login.microsoftonline.com/${tenantId}/discovery/v2.0/keys`);
    await own.stop();
    expect(body.keys.map(({ kid }: { kid: string }) => kid)).toEqual([expect.any(String), before?.["kid"]]);
  });

  it("does not know another tenant", async () => {
    const url =
      "https://login.microsoftonline.com/00000000-0000-4000-8000-999999999999/.well-known/openid-configuration";
    const { status, body } = await ask(azure, url);
    expect([status, body]).toMatchObject([400, { error: "invalid_tenant", error_codes: [90002] }]);
  });

  it("does not accept passwords or secrets", async () => {
    const { status } = await ask(azure, `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`, {
      method: "POST",
      body: {},
    });
    expect(status).toBe(400);
  });

  it("signs the person at the browser in with a device code, and refreshes the login", async () => {
    const signedIn = await startAzure(world, { print: () => {}, personAtBrowser: deployer });
    const post = (path: string, form: Record<string, string>) =>
      ask(signedIn, `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/${path}`, {
        method: "POST",
        body: String(new URLSearchParams(form)),
      });
    const scope = "https://management.core.windows.net//.default offline_access openid profile";
    const { body: code } = await post("devicecode", { client_id: "cli", scope });
    const login = await post("token", {
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      device_code: code.device_code,
      client_id: "cli",
    });
    expect(claimsOf(login.body.access_token)).toMatchObject({
      oid: deployer,
      aud: "https://management.core.windows.net/",
    });
    expect(claimsOf(login.body.id_token)).toMatchObject({ aud: "cli", oid: deployer });
    const other = await post("token", {
      grant_type: "refresh_token",
      refresh_token: login.body.refresh_token,
      scope: "https://vault.azure.net/.default",
    });
    expect(claimsOf(other.body.access_token)).toMatchObject({
      oid: deployer,
      aud: "https://vault.azure.net",
    });
    const unknown = await post("token", { grant_type: "refresh_token", refresh_token: "made up" });
    expect([unknown.status, unknown.body.error]).toEqual([400, "invalid_grant"]);
    await signedIn.stop();
  });

  it("refuses a sign-in without a person at the browser", async () => {
    const url = `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/devicecode`;
    expect((await ask(azure, url, { method: "POST", body: "client_id=cli" })).status).toBe(400);
  });
});
