import { X509Certificate } from "node:crypto";
import { type Azure, startAzure } from "../../../../sandbox/azure/azure";
import { ask } from "../caller";
import { deployer, keyVaultId, world } from "../example-world";

let azure: Azure;
beforeAll(async () => {
  azure = await startAzure(world, { print: () => {} });
  azure.accessControl.add({
    principalId: deployer,
    roleName: "Key Vault Administrator",
    scope: keyVaultId("kv-vault"),
  });
});
afterAll(() => azure.stop());

const call = (method: string, path: string, body?: unknown) =>
  ask(azure, `https://kv-vault.vault.azure.net${path}?api-version=7.4`, {
    method,
    token: azure.tokenForPerson(deployer, "https://vault.azure.net"),
    body,
  });

const policy = {
  issuer: { name: "Self" },
  key_props: { exportable: true, kty: "RSA", key_size: 2048, reuse_key: false },
  secret_props: { contentType: "application/x-pem-file" },
  x509_props: {
    subject: "CN=vault.test",
    sans: { dns_names: ["vault.test"] },
    validity_months: 12,
    key_usage: ["digitalSignature"],
  },
};

describe("A deployer's new objects in a Key Vault", () => {
  it("are keys with the requested operations and tags", async () => {
    const asked = { kty: "RSA", key_size: 2048, key_ops: ["wrapKey", "unwrapKey"], tags: { a: "b" } };
    const { status, body } = await call("POST", "/keys/made/create", asked);
    expect({ status, ops: body.key.key_ops, tags: body.tags }).toEqual({
      status: 200,
      ops: ["wrapKey", "unwrapKey"],
      tags: { a: "b" },
    });
    await call("PATCH", "/keys/made", { tags: { a: "c" } });
    expect((await call("GET", "/keys/made")).body).toMatchObject({
      key: { kid: body.key.kid },
      tags: { a: "c" },
    });
    await call("POST", "/keys/made/rotate");
    const { value } = (await call("GET", "/keys/made/versions")).body;
    expect(value.map(({ kid }: { kid: string }) => kid.split("/").slice(-2, -1)[0])).toEqual([
      "made",
      "made",
    ]);
    expect(value[0].kid).toBe(body.key.kid);
  });

  it("are keys in a hardware security module if requested", async () => {
    await call("POST", "/keys/hardware/create", { kty: "RSA-HSM", key_size: 2048 });
    expect((await call("GET", "/keys/hardware")).body.key.kty).toBe("RSA-HSM");
  });

  it("are self-signed certificates, with their key, their secret and the sent policy", async () => {
    const created = await call("POST", "/certificates/signed/create", { policy });
    expect([created.status, created.body.status]).toEqual([202, "completed"]);
    expect((await call("GET", "/certificates/signed/pending")).body.status).toBe("completed");
    const { body } = await call("GET", "/certificates/signed");
    const certificate = new X509Certificate(Buffer.from(body.cer, "base64"));
    expect([certificate.subject, certificate.subjectAltName]).toEqual(["CN=vault.test", "DNS:vault.test"]);
    expect(body.policy).toMatchObject(policy);
    expect((await call("GET", "/secrets/signed")).body.value).toContain("PRIVATE KEY");
  });

  it("are not certificates of an unsupported issuer", async () => {
    const { body } = await call("POST", "/certificates/other/create", {
      policy: { ...policy, issuer: { name: "DigiCert" } },
    });
    expect(body.error.code).toBe("NotImitated");
  });

  it.each([
    ["key", "keys", "/keys/gone/create", { kty: "RSA" }, "POST"],
    ["secret", "secrets", "/secrets/gone", { value: "first" }, "PUT"],
    ["certificate", "certificates", "/certificates/gone-c/create", { policy }, "POST"],
  ])("keep their name after a deletion, and are recoverable: a %s", async (_, kind, path, body, method) => {
    const [, , name] = path.split("/");
    await call(method, path, body);
    const id = JSON.stringify((await call("GET", `/${kind}/${name}`)).body);
    expect((await call("DELETE", `/${kind}/${name}`)).body.recoveryId).toContain(`/deleted${kind}/${name}`);
    expect((await call("GET", `/${kind}/${name}`)).status).toBe(404);
    expect((await call("GET", `/deleted${kind}/${name}`)).status).toBe(200);
    const again = await call(method, path, body);
    expect([again.status, again.body.error.innererror]).toEqual([
      409,
      { code: "ObjectIsDeletedButRecoverable" },
    ]);
    expect((await call("POST", `/deleted${kind}/${name}/recover`)).status).toBe(200);
    expect(JSON.stringify((await call("GET", `/${kind}/${name}`)).body)).toBe(id);
  });
});
