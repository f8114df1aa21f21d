import { type Azure, startAzure } from "../../../../sandbox/azure/azure";
import { ask, claimsOf } from "../caller";
import { agent, clientIdOf, resourceGroup, subscriptionId, tenantId, vault, world } from "../example-world";

const token = "http://169.254.169.254/metadata/identity/oauth2/token";
const arm = "resource=https://management.azure.com/";
const metadata = { Metadata: "true" };
const idOf = (name: string) =>
  `${resourceGroup}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;

describe("The Instance Metadata Service", () => {
  let azure: Azure;
  const printed: string[] = [];
  beforeAll(async () => {
    azure = await startAzure(world, { print: (line) => printed.push(line) });
  });
  afterAll(() => azure.stop());

  const askToken = (from: string, query: string, headers: Record<string, string> = metadata) =>
    ask(azure, `${token}?api-version=2018-02-01&${query}`, { from, headers });

  it("gives each machine its own identity", async () => {
    const replies = await Promise.all(["vm-vault", "vm-agent"].map((machine) => askToken(machine, arm)));
    expect(replies.map(({ body }) => claimsOf(body.access_token)["oid"])).toEqual([vault, agent]);
  });

  it("answers with Azure's fields, with numbers as strings", async () => {
    const { body } = await askToken("vm-agent", arm);
    expect(body).toEqual({
      access_token: expect.any(String),
      client_id: clientIdOf(agent),
      expires_in: "86399",
      expires_on: expect.stringMatching(/^\d+$/),
      ext_expires_in: "86399",
      not_before: expect.stringMatching(/^\d+$/),
      resource: "https://management.azure.com/",
      token_type: "Bearer",
    });
  });

  it("issues Entra's claims for a system-assigned identity", async () => {
    const { body } = await askToken("vm-agent", arm);
    const issuer = `https://sts.windows.net/${tenantId}/`;
    expect(claimsOf(body.access_token)).toEqual({
      aud: "https://management.azure.com/",
      iss: issuer,
      iat: expect.any(Number),
      nbf: expect.any(Number),
      exp: expect.any(Number),
      aio: expect.any(String),
      appid: clientIdOf(agent),
      appidacr: "2",
      idp: issuer,
      idtyp: "app",
      oid: agent,
      sub: agent,
      tid: tenantId,
      uti: expect.any(String),
      ver: "1.0",
      xms_mirid: `/subscriptions/${subscriptionId}/resourcegroups/rg-vault/providers/Microsoft.Compute/virtualMachines/vm-agent`,
    });
  });

  it("puts identity and machine into a user-assigned identity's token", async () => {
    const { body } = await askToken("vm-vault", arm);
    expect(claimsOf(body.access_token)).toMatchObject({
      xms_mirid: expect.stringMatching(/\/resourcegroups\/rg-vault\/.*\/userAssignedIdentities\/id-vault$/),
      xms_az_rid: expect.stringMatching(/\/resourcegroups\/rg-vault\/.*\/virtualMachines\/vm-vault$/),
    });
  });

  it.each([
    ["no Metadata header", {}, `api-version=2018-02-01&${arm}`, "Required metadata header not specified"],
    [
      "a forwarded request",
      { ...metadata, "X-Forwarded-For": "10.0.0.4" },
      `api-version=2018-02-01&${arm}`,
      "X-Forwarded-For",
    ],
    ["no api-version", metadata, arm, "api-version"],
    ["an unknown api-version", metadata, `api-version=2018-02-30&${arm}`, "api-version"],
    ["no resource", metadata, "api-version=2018-02-01", "Required audience parameter not specified"],
    [
      "an unregistered resource",
      metadata,
      "api-version=2018-02-01&resource=https://evil.example",
      "AADSTS500011",
    ],
  ])("refuses %s", async (_, headers, query, reason) => {
    const { status, body } = await ask(azure, `${token}?${query}`, { from: "vm-agent", headers });
    expect([status, body.error_description]).toEqual([400, expect.stringContaining(reason)]);
  });

  it.each([
    ["vm-both", "", "its own"],
    ["vm-both", `&mi_res_id=${idOf("id-other")}`, "the other"],
    ["vm-two", `&client_id=${clientIdOf(vault)}`, "Vault's"],
    ["vm-two", `&object_id=${vault}`, "Vault's"],
    ["vm-two", `&msi_res_id=${idOf("ID-VAULT")}`, "Vault's"],
  ])("selects for %s with '%s' %s identity", async (machine, choice, whose) => {
    const { body } = await askToken(machine, arm + choice);
    const xmsMirid = String(claimsOf(body.access_token)["xms_mirid"]);
    const expected = { "its own": "virtualMachines/vm-both", "the other": "id-other", "Vault's": "id-vault" }[
      whose
    ];
    expect(xmsMirid).toMatch(new RegExp(`${expected}$`));
  });

  it.each([
    [
      "vm-two",
      "",
      "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request",
    ],
    ["vm-none", "", "Identity not found"],
    ["vm-agent", `&client_id=${clientIdOf(vault)}`, "Identity not found"],
    ["vm-agent", `&object_id=${vault}`, "Identity not found"],
  ])("gives %s with '%s' no identity: %s", async (machine, choice, reason) => {
    const { status, body } = await askToken(machine, arm + choice);
    expect([status, body]).toEqual([400, { error: "invalid_request", error_description: reason }]);
  });

  it("describes a machine", async () => {
    const { body } = await ask(azure, "http://169.254.169.254/metadata/instance?api-version=2021-02-01", {
      from: "vm-vault",
      headers: metadata,
    });
    expect(body.compute).toMatchObject({
      name: "vm-vault",
      resourceGroupName: "rg-vault",
      subscriptionId,
      location: "westeurope",
      vmScaleSetName: "",
      tags: "cluster:vault",
      resourceId: `${resourceGroup}/providers/Microsoft.Compute/virtualMachines/vm-vault`,
    });
  });

  it("returns a single value as text", async () => {
    const url = "http://169.254.169.254/metadata/instance/compute/name?api-version=2021-02-01&format=text";
    expect((await ask(azure, url, { from: "vm-vault", headers: metadata })).body).toBe("vm-vault");
  });

  it("returns the current user data in base64, in the API versions that support it", async () => {
    const url = (version: string) =>
      `http://169.254.169.254/metadata/instance/compute/userData?api-version=${version}&format=text`;
    const get = (version: string) => ask(azure, url(version), { from: "vm-vault", headers: metadata });
    expect((await get("2021-01-01")).body).toBe("");
    azure.setUserData("vm-vault", "#cloud-config\n{}\n");
    expect((await get("2021-01-01")).body).toBe(Buffer.from("#cloud-config\n{}\n").toString("base64"));
    expect((await get("2020-12-01")).status).toBe(404);
  });

  it("answers only machines", async () => {
    const { status } = await ask(azure, `${token}?api-version=2018-02-01&${arm}`, { headers: metadata });
    expect([status, printed.at(-1)]).toEqual([
      403,
      expect.stringContaining("elsewhere is not a virtual machine"),
    ]);
  });

  it("names an unsupported request", async () => {
    const { status } = await ask(
      azure,
      "http://169.254.169.254/metadata/attested/document?api-version=2021-02-01",
      { from: "vm-vault", headers: metadata },
    );
    expect([status, printed.at(-1)]).toEqual([404, expect.stringContaining("/metadata/attested/document")]);
  });
});
