import { type Azure, startAzure } from "../../../sandbox/azure/azure";
import { matchesOperation } from "../../../sandbox/azure/model/access-control";
import { ask } from "./caller";
import {
  agent,
  clientIdOf,
  deployer,
  resourceGroup,
  subscriptionId,
  tenantId,
  vault,
  world,
} from "./example-world";

const audience = "https://management.azure.com/";
const arm = "https://management.azure.com";
const machine = `${resourceGroup}/providers/Microsoft.Compute/virtualMachines/vm-agent`;
const read = "?$expand=instanceView&api-version=2022-11-01";

describe("Azure Resource Manager", () => {
  let azure: Azure;
  beforeAll(async () => {
    azure = await startAzure(world, { print: () => {} });
  });
  afterAll(() => azure.stop());

  const asVault = (path: string, audienceOfToken = audience) =>
    ask(azure, `${arm}${path}`, { token: azure.tokenForMachine("vm-vault", audienceOfToken) });

  it.each([audience, "https://management.azure.com", "https://management.core.windows.net/"])(
    "shows Vault a machine with its identity, for a token for %s",
    async (audienceOfToken) => {
      expect((await asVault(machine + read, audienceOfToken)).body).toMatchObject({
        id: machine,
        name: "vm-agent",
        type: "Microsoft.Compute/virtualMachines",
        location: "westeurope",
        identity: { type: "SystemAssigned", principalId: agent, tenantId },
        properties: {
          vmId: expect.any(String),
          provisioningState: "Succeeded",
          instanceView: { statuses: expect.any(Array) },
        },
      });
    },
  );

  it("lists a user-assigned identity in the machine's list, not at its top level", async () => {
    const { identity } = (
      await asVault(`${resourceGroup}/providers/Microsoft.Compute/virtualMachines/vm-vault${read}`)
    ).body;
    expect(identity).toEqual({
      type: "UserAssigned",
      userAssignedIdentities: {
        [world.identities[0]?.resourceId ?? ""]: { principalId: vault, clientId: clientIdOf(vault) },
      },
    });
  });

  it.each([
    [
      "a missing machine",
      `${resourceGroup}/providers/Microsoft.Compute/virtualMachines/gone${read}`,
      404,
      "ResourceNotFound",
    ],
    [
      "a scale set",
      `${resourceGroup}/providers/Microsoft.Compute/virtualMachineScaleSets/any?api-version=2022-11-01`,
      404,
      "ResourceNotFound",
    ],
    [
      "another subscription",
      `/subscriptions/another/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/x${read}`,
      404,
      "SubscriptionNotFound",
    ],
    [
      "an identity, which its role does not cover",
      `${world.identities[0]?.resourceId}?api-version=2024-11-30`,
      403,
      "AuthorizationFailed",
    ],
    [
      "a provider, which its role does not cover",
      `/subscriptions/${subscriptionId}/providers/Microsoft.Web?api-version=2021-04-01`,
      403,
      "AuthorizationFailed",
    ],
    ["no api-version", machine, 400, "MissingApiVersionParameter"],
  ])("refuses Vault %s", async (_, path, status, code) => {
    const reply = await asVault(path);
    expect([reply.status, reply.body.error.code]).toEqual([status, code]);
  });

  it("refuses a principal without a role", async () => {
    const { status, body } = await ask(azure, arm + machine + read, {
      token: azure.tokenForMachine("vm-agent", audience),
    });
    expect([status, body.error]).toEqual([
      403,
      {
        code: "AuthorizationFailed",
        message: expect.stringContaining("Microsoft.Compute/virtualMachines/read"),
      },
    ]);
  });

  it("lists only what the caller can read", async () => {
    const list = `${resourceGroup}/providers/Microsoft.ManagedIdentity/userAssignedIdentities?api-version=2024-11-30`;
    const names = async (token: string) =>
      (await ask(azure, arm + list, { token })).body.value.map(({ name }: { name: string }) => name);
    expect(await names(azure.tokenForPerson(deployer, audience))).toEqual(["id-vault", "id-other"]);
    expect(await names(azure.tokenForMachine("vm-vault", audience))).toEqual([]);
  });

  it.each([
    ["none", () => undefined, "AuthenticationFailed"],
    [
      "for Key Vault",
      () => azure.tokenForMachine("vm-vault", "https://vault.azure.net"),
      "InvalidAuthenticationTokenAudience",
    ],
    [
      "of another tenant",
      () =>
        azure.tokenForMachine("vm-vault", audience, {
          claims: { iss: "https://sts.windows.net/x/", tid: "x" },
        }),
      "InvalidAuthenticationTokenTenant",
    ],
    [
      "that is expired",
      () => azure.tokenForMachine("vm-vault", audience, { lifetime: -600 }),
      "ExpiredAuthenticationToken",
    ],
    [
      "that is not signed",
      () => azure.tokenForMachine("vm-vault", audience, { algorithm: "none" }),
      "InvalidAuthenticationToken",
    ],
    [
      "signed with the public key as a password",
      () => azure.tokenForMachine("vm-vault", audience, { algorithm: "HS256" }),
      "InvalidAuthenticationToken",
    ],
    [
      "with an unknown kid",
      () => azure.tokenForMachine("vm-vault", audience, { header: { kid: "unknown" } }),
      "InvalidAuthenticationToken",
    ],
  ])("refuses a token %s", async (_, token, code) => {
    const { status, body } = await ask(azure, arm + machine + read, { token: token() });
    expect([status, body.error.code]).toEqual([401, code]);
  });
});

describe("A role's operation", () => {
  it.each([
    ["Microsoft.Compute/virtualMachines/*/read", "Microsoft.Compute/virtualMachines/read", true],
    ["Microsoft.Compute/virtualMachines/*/read", "Microsoft.Compute/virtualMachines/instanceView/read", true],
    ["Microsoft.Compute/virtualMachines/*/read", "Microsoft.Compute/virtualMachinesX/read", false],
    ["Microsoft.Compute/virtualMachines/*/read", "Microsoft.Compute/virtualMachines/write", false],
    ["Microsoft.KeyVault/vaults/secrets/*", "microsoft.keyvault/vaults/secrets/getSecret/action", true],
    ["Microsoft.KeyVault/vaults/secrets/*", "Microsoft.KeyVault/vaults/keys/read", false],
    ["*/read", "Microsoft.Web/sites/read", true],
    ["*", "anything/at/all", true],
  ])("%s covers %s: %s", (pattern, operation, covers) => {
    expect(matchesOperation(pattern, operation)).toBe(covers);
  });
});
