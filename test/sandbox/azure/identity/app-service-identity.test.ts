import { type Azure, startAzure } from "../../../../sandbox/azure/azure";
import { claimsOf } from "../caller";
import { clientIdOf, subscriptionId, vault, webApp, world } from "../example-world";

describe("The identity endpoint of a web app", () => {
  let azure: Azure;
  beforeAll(async () => {
    azure = await startAzure(world, { print: () => {} });
  });
  afterAll(() => azure.stop());

  const askFor = async (query: string, headers?: Record<string, string>) => {
    const { endpoint, header } = azure.identityEndpointFor("app-web");
    const response = await fetch(`${endpoint}?${query}`, {
      headers: headers ?? { "X-IDENTITY-HEADER": header },
    });
    return { status: response.status, body: (await response.json()) as { access_token: string } };
  };
  const inOrder = "api-version=2019-08-01&resource=https://management.azure.com/";

  it("gives the app a token of its own identity", async () => {
    const { body } = await askFor(inOrder);
    expect(body).toMatchObject({
      token_type: "Bearer",
      resource: "https://management.azure.com/",
      client_id: clientIdOf(webApp),
    });
    expect(claimsOf(body.access_token)).toMatchObject({
      oid: webApp,
      sub: webApp,
      xms_mirid: `/subscriptions/${subscriptionId}/resourcegroups/rg-vault/providers/Microsoft.Web/sites/app-web`,
    });
  });

  it.each([
    ["a forged request through the app, without the header", inOrder, {}, 401],
    ["a guessed header", inOrder, { "X-IDENTITY-HEADER": "0".repeat(36) }, 401],
    [
      "the old version with its secret header",
      "api-version=2017-09-01&resource=https://management.azure.com/",
      { secret: "x" },
      400,
    ],
    ["no resource", "api-version=2019-08-01", undefined, 400],
    ["another identity", `${inOrder}&client_id=${clientIdOf(vault)}`, undefined, 400],
  ])("refuses %s", async (_, query, headers, status) => {
    expect(await askFor(query, headers)).toEqual({
      status,
      body: { statusCode: status, message: expect.any(String) },
    });
  });
});
