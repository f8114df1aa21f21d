import http, { type RequestOptions } from "node:http";
import https from "node:https";
import { type Azure, startAzure } from "../../../../sandbox/azure/azure";
import { claimsOf } from "../caller";
import { agent, tenantId, vault, world } from "../example-world";

describe("Azure without a proxy", () => {
  let azure: Azure;
  beforeAll(async () => {
    azure = await startAzure(world, { print: () => {} });
  });
  afterAll(() => azure.stop());

  const imds = (machine: string, host = "169.254.169.254") =>
    answerTo(http, {
      port: azure.directPortsFor(machine).http,
      path: "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/",
      headers: { Host: host, Metadata: "true" },
    });

  const overTls = (host: string, servername = host) =>
    answerTo(https, {
      port: azure.directPortsFor("vm-vault").https,
      path: `/${tenantId}/.well-known/openid-configuration`,
      headers: { Host: host },
      servername,
      ca: azure.caPem,
    } as RequestOptions);

  it("gives each machine its own identity", async () => {
    const answers = await Promise.all(["vm-vault", "vm-agent"].map((machine) => imds(machine)));
    expect(answers.map(({ body }) => claimsOf(body["access_token"])["oid"])).toEqual([vault, agent]);
  });

  it("answers over TLS for each of its names, with a certificate for that name", async () => {
    expect(azure.publicHosts).toEqual(
      expect.arrayContaining(["login.microsoftonline.com", "sts.windows.net", "management.azure.com"]),
    );
    const { status, body } = await overTls("sts.windows.net");
    expect([status, body["issuer"]]).toEqual([200, `https://sts.windows.net/${tenantId}/`]);
  });

  it("refuses names that are not Azure's", async () => {
    await expect(overTls("example.com")).rejects.toThrow();
    expect(await imds("vm-vault", "example.com")).toMatchObject({ status: 403 });
  });
});

interface JsonAnswer {
  status?: number;
  // biome-ignore lint/suspicious/noExplicitAny: any JSON from a service
  body: any;
}

function answerTo(client: typeof http | typeof https, options: RequestOptions): Promise<JsonAnswer> {
  return new Promise((resolve, reject) => {
    client
      .get({ host: "127.0.0.1", agent: false, ...options }, async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk);
        resolve({ status: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) });
      })
      .on("error", reject);
  });
}
