import { waitFor } from "../../../../lib/processes/wait-for";
import { type Azure, startAzure } from "../../../../sandbox/azure/azure";
import { type AzureWorld, emptyWorld } from "../../../../sandbox/azure/model/world";
import { ask, type Reply } from "../caller";

const subscriptionId = "10000000-0000-4000-8000-000000000001";
const owner = "10000000-0000-4000-8000-00000000000a";
const reader = "10000000-0000-4000-8000-00000000000b";
const arm = "https://management.azure.com";
const subscription = `/subscriptions/${subscriptionId}`;
const group = `${subscription}/resourceGroups/rg-test`;
const network = `${group}/providers/Microsoft.Network/virtualNetworks/vnet`;

const world: AzureWorld = {
  ...emptyWorld("10000000-0000-4000-8000-000000000002", subscriptionId),
  roleAssignments: [
    { principalId: owner, roleName: "Owner", scope: subscription },
    { principalId: reader, roleName: "Reader", scope: subscription },
  ],
  people: [
    { name: "Owner", objectId: owner },
    { name: "Reader", objectId: reader },
  ],
};

describe("Azure Resource Manager, empty at first,", () => {
  let azure: Azure;
  const printed: string[] = [];
  beforeEach(async () => {
    printed.length = 0;
    azure = await startAzure(world, { print: (line) => printed.push(line) });
    await put(group, { location: "westeurope" });
  });
  afterEach(() => azure.stop());

  const call = (method: string, path: string, body?: unknown, person = owner): Promise<Reply> =>
    ask(azure, `${arm}${path}${path.includes("?") ? "&" : "?"}api-version=2024-05-01`, {
      method,
      token: azure.tokenForPerson(person, `${arm}/`),
      body,
    });
  const put = (path: string, body: object, person?: string) => call("PUT", path, body, person);
  const get = (path: string, person?: string) => call("GET", path, undefined, person);
  const makeNetwork = () =>
    put(network, {
      location: "westeurope",
      properties: { addressSpace: { addressPrefixes: ["10.1.0.0/16"] }, subnets: [] },
    });
  const makeSubnet = (name: string, addressPrefix: string) =>
    put(`${network}/subnets/${name}`, { properties: { addressPrefix } });

  it("stores a sent resource, and completes it", async () => {
    const { status } = await put(network, {
      location: "westeurope",
      tags: { a: "b" },
      properties: { addressSpace: { addressPrefixes: ["10.1.0.0/16"] } },
    });
    expect(status).toBe(201);
    expect((await get(network)).body).toMatchObject({
      id: network,
      name: "vnet",
      type: "Microsoft.Network/virtualNetworks",
      location: "westeurope",
      tags: { a: "b" },
      properties: { provisioningState: "Succeeded", subnets: [], resourceGuid: expect.any(String) },
    });
  });

  it("answers a change with an operation that succeeds on a later request", async () => {
    const { headers } = await makeNetwork();
    const operation = String(headers["azure-asyncoperation"]).slice(arm.length).replace(/\?.*/, "");
    expect((await get(operation)).body.status).toBe("InProgress");
    expect((await get(operation)).body.status).toBe("Succeeded");
  });

  it("shows subnets below their network, and deletes them with it", async () => {
    await makeNetwork();
    await makeSubnet("one", "10.1.1.0/24");
    expect((await get(network)).body.properties.subnets).toMatchObject([
      { name: "one", properties: { addressPrefix: "10.1.1.0/24" } },
    ]);
    expect((await call("DELETE", network)).status).toBe(200);
    expect((await get(`${network}/subnets/one`)).status).toBe(404);
  });

  it.each([
    ["outside its network", "10.2.0.0/24", "NetcfgInvalidSubnet"],
    ["that overlaps another", "10.1.1.128/25", "NetcfgSubnetRangesOverlap"],
  ])("refuses a subnet %s", async (_, prefix, code) => {
    await makeNetwork();
    await makeSubnet("one", "10.1.1.0/24");
    const { status, body } = await makeSubnet("two", prefix);
    expect([status, body.error.code]).toEqual([400, code]);
  });

  it("gives network interfaces addresses of their subnet without the first four, and keeps them", async () => {
    await makeNetwork();
    await makeSubnet("one", "10.1.1.0/24");
    const card = (name: string) => `${group}/providers/Microsoft.Network/networkInterfaces/${name}`;
    const properties = {
      ipConfigurations: [{ name: "primary", properties: { subnet: { id: `${network}/subnets/one` } } }],
    };
    const addressOf = ({ body }: Reply) => body.properties.ipConfigurations[0].properties.privateIPAddress;
    const made = [await put(card("a"), { properties }), await put(card("b"), { properties })];
    expect(made.map(addressOf)).toEqual(["10.1.1.4", "10.1.1.5"]);
    expect(addressOf(await put(card("b"), { properties, tags: { new: "yes" } }))).toBe("10.1.1.5");
    const { body } = await call("DELETE", `${network}/subnets/one`);
    expect(body.error.code).toBe("InUseSubnetCannotBeDeleted");
  });

  it("holds a deleted web app's subnet for the set time", async () => {
    await makeNetwork();
    await makeSubnet("one", "10.1.1.0/24");
    const subnet = `${network}/subnets/one`;
    const site = `${group}/providers/Microsoft.Web/sites/app`;
    await put(site, { location: "westeurope", properties: { virtualNetworkSubnetId: subnet } });
    azure.resources.subnetsHeldMs = 200;
    await call("DELETE", site);
    const [shown] = (await get(network)).body.properties.subnets;
    expect(shown.properties.serviceAssociationLinks).toHaveLength(1);
    expect((await call("DELETE", subnet)).body.error.code).toBe("InUseSubnetCannotBeDeleted");
    await waitFor("the subnet to be released", async () => (await call("DELETE", subnet)).status === 200, {
      deadlineMs: 10_000,
    });
  });

  it("sends only the activity log and a Key Vault's log to the workspaces of diagnostic settings", async () => {
    const workspace = `${group}/providers/Microsoft.OperationalInsights/workspaces/log`;
    const vault = `${group}/providers/Microsoft.KeyVault/vaults/kv-test`;
    const { tenantId } = world;
    const settingOf = (of: string, category: string) =>
      put(`${of}/providers/Microsoft.Insights/diagnosticSettings/evidence`, {
        properties: { workspaceId: workspace, logs: [{ category, enabled: true }] },
      });
    const arrived = () =>
      azure.diagnosticLogs
        .in(workspace)
        .map(({ operation, caller, status }) => ({ operation, caller, status }));
    await put(vault, { location: "westeurope", properties: { tenantId, enableRbacAuthorization: true } });
    const read = () =>
      ask(azure, "https://kv-test.vault.azure.net/secrets/none?api-version=7.4", {
        token: azure.tokenForPerson(reader, "https://vault.azure.net"),
      });
    await read();
    await makeNetwork();
    expect(arrived()).toEqual([]);
    await settingOf(vault, "AuditEvent");
    await read();
    expect(arrived()).toEqual([{ operation: "SecretGet", caller: reader, status: 403 }]);
    await settingOf(subscription, "Administrative");
    await put(network, {}, reader);
    const refused = { operation: "Microsoft.Network/virtualNetworks/write", caller: reader, status: 403 };
    expect(arrived()).toContainEqual(refused);
  });

  it("lists a resource group's resources, without parts and locks", async () => {
    await makeNetwork();
    await makeSubnet("one", "10.1.1.0/24");
    await put(`${group}/providers/Microsoft.Authorization/locks/keep`, {
      properties: { level: "CanNotDelete" },
    });
    const named = async (filter: string) =>
      (await get(`${subscription}/resources?$filter=${filter}`)).body.value?.map(
        ({ id }: { id: string }) => id,
      );
    const name = group.split("/").at(-1);
    expect(await named(`resourceGroup eq '${name}'`)).toContain(network);
    expect(
      await named(`resourceGroup eq '${name}' and resourceType eq 'Microsoft.Network/virtualNetworks'`),
    ).toEqual([network]);
    expect(await named("resourceGroup eq 'rg-another'")).toEqual([]);
    await call("DELETE", `${group}/providers/Microsoft.Authorization/locks/keep`);
  });

  it("shows which of a site's sign-in settings are active", async () => {
    const site = `${group}/providers/Microsoft.Web/sites/app-test`;
    await put(site, { location: "westeurope", properties: {} });
    const version = async () =>
      (await call("POST", `${site}/config/authsettings/list`)).body.properties.configVersion;
    expect(await version()).toBe("v1");
    await put(`${site}/config/authsettingsV2`, { properties: { platform: { enabled: true } } });
    expect(await version()).toBe("v2");
  });

  it("refuses a reader's writes", async () => {
    const { status, body } = await put(network, { location: "westeurope" }, reader);
    expect([status, body.error.code]).toEqual([403, "AuthorizationFailed"]);
    expect((await get(group, reader)).status).toBe(200);
  });

  it("grants the rights of a new assignment, and removes them with it", async () => {
    const { body } = await get(
      `${subscription}/providers/Microsoft.Authorization/roleDefinitions?$filter=roleName eq 'Contributor'`,
    );
    const assignment = `${group}/providers/Microsoft.Authorization/roleAssignments/5c0f2c3e-0000-4000-8000-000000000001`;
    const properties = { roleDefinitionId: body.value[0].id, principalId: reader };
    expect(await put(assignment, { properties })).toMatchObject({
      status: 201,
      body: { properties: { principalType: "User" } },
    });
    expect((await put(network, { location: "westeurope" }, reader)).status).toBe(201);
    const second = `${assignment.slice(0, -1)}2`;
    expect((await put(second, { properties })).body.error.code).toBe("RoleAssignmentExists");
    await call("DELETE", assignment);
    expect((await put(network, { location: "westeurope" }, reader)).status).toBe(403);
  });

  it("creates Key Vaults that work at once, and keep their name after a deletion", async () => {
    const vault = `${group}/providers/Microsoft.KeyVault/vaults/kv-test`;
    const sent = { location: "westeurope", properties: { enableRbacAuthorization: true } };
    expect((await put(vault, sent)).body.properties.vaultUri).toBe("https://kv-test.vault.azure.net/");
    const key = "https://kv-test.vault.azure.net/keys/one";
    const token = azure.tokenForPerson(owner, "https://vault.azure.net");
    const refused = await ask(azure, `${key}?api-version=7.4`, { token });
    // Owner is not a role of the data plane.
    expect(refused.status).toBe(403);
    await call("DELETE", vault);
    expect((await put(vault, sent)).body.error.code).toBe("ConflictError");
    const { body } = await get(`${subscription}/providers/Microsoft.KeyVault/deletedVaults`);
    expect(body.value).toMatchObject([{ name: "kv-test", properties: { vaultId: vault } }]);
  });

  describe("with a private endpoint", () => {
    const vault = `${group}/providers/Microsoft.KeyVault/vaults/kv-test`;
    const zone = `${group}/providers/Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net`;
    const endpoint = `${group}/providers/Microsoft.Network/privateEndpoints/pep-kv-test`;
    const zoneGroup = `${endpoint}/privateDnsZoneGroups/default`;
    const connection = (privateLinkServiceId: string) => ({
      location: "westeurope",
      properties: {
        subnet: { id: `${network}/subnets/endpoints` },
        privateLinkServiceConnections: [
          { name: "one", properties: { privateLinkServiceId, groupIds: ["vault"] } },
        ],
      },
    });
    const zoneConfig = {
      properties: { privateDnsZoneConfigs: [{ name: "zone", properties: { privateDnsZoneId: zone } }] },
    };
    const keys = () =>
      ask(azure, "https://kv-test.vault.azure.net/keys/one?api-version=7.4", {
        token: azure.tokenForPerson(owner, "https://vault.azure.net"),
      });

    beforeEach(async () => {
      await makeNetwork();
      await makeSubnet("endpoints", "10.1.5.0/28");
      await put(zone, { location: "global" });
      await put(vault, { location: "westeurope", properties: { publicNetworkAccess: "Disabled" } });
    });

    it("opens a Key Vault that has no public address", async () => {
      expect((await keys()).body.error.innererror).toEqual({ code: "ForbiddenByConnection" });
      await put(endpoint, connection(vault));
      // Now only a right is missing.
      expect((await keys()).body.error.innererror).toEqual({ code: "ForbiddenByRbac" });
      await call("DELETE", endpoint);
      expect((await keys()).body.error.innererror).toEqual({ code: "ForbiddenByConnection" });
    });

    it("gives it an address of its subnet, with a record in its zone as long as it exists", async () => {
      const { body } = await put(endpoint, connection(vault));
      const [card] = body.properties.networkInterfaces;
      const [configuration] = (await get(card.id)).body.properties.ipConfigurations;
      expect(configuration.properties).toMatchObject({ privateIPAddress: "10.1.5.4" });
      const made = await put(zoneGroup, zoneConfig);
      expect(made.body.properties.privateDnsZoneConfigs[0].properties.recordSets).toMatchObject([
        { fqdn: "kv-test.privatelink.vaultcore.azure.net", ipAddresses: ["10.1.5.4"] },
      ]);
      const record = `${zone}/A/kv-test`;
      expect((await get(record)).body.properties.aRecords).toEqual([{ ipv4Address: "10.1.5.4" }]);
      expect((await call("DELETE", endpoint)).status).toBe(200);
      expect([(await get(record)).status, (await get(card.id)).status]).toEqual([404, 404]);
    });

    it("does not delete the subnet in use", async () => {
      await put(endpoint, connection(vault));
      const refused = await call("DELETE", `${network}/subnets/endpoints`);
      expect(refused.body.error.code).toBe("InUseSubnetCannotBeDeleted");
      await call("DELETE", endpoint);
      expect((await call("DELETE", `${network}/subnets/endpoints`)).status).toBe(200);
    });

    it("refuses services and zones that do not exist", async () => {
      const refused = await put(endpoint, connection(`${vault}-other`));
      expect(refused.body.error.code).toBe("InvalidResourceReference");
      await put(endpoint, connection(vault));
      await call("DELETE", zone);
      expect((await put(zoneGroup, zoneConfig)).body.error.code).toBe("InvalidResourceReference");
    });
  });

  it("gives no blobs of a storage account without a public address and a private endpoint", async () => {
    const account = `${group}/providers/Microsoft.Storage/storageAccounts/sttest`;
    const read = () =>
      ask(azure, "https://sttest.blob.core.windows.net/app/app.zip", {
        token: azure.tokenForPerson(owner, "https://storage.azure.com/"),
        headers: { "x-ms-version": "2021-12-02" },
      });
    await put(account, { location: "westeurope", sku: { name: "Standard_LRS" }, properties: {} });
    expect(String((await read()).body)).toContain("AuthorizationPermissionMismatch");
    await put(account, { location: "westeurope", properties: { publicNetworkAccess: "Disabled" } });
    expect(String((await read()).body)).toContain("<Code>AuthorizationFailure</Code>");
  });

  it("lists App Service's regions, and no deleted workspace", async () => {
    const regions = await get(`${subscription}/providers/Microsoft.Web/geoRegions`);
    expect(regions.body.value).toContainEqual(expect.objectContaining({ name: "westeurope" }));
    const workspaces = `${subscription}/providers/Microsoft.OperationalInsights/deletedWorkspaces`;
    expect((await get(workspaces)).body).toEqual({ value: [] });
  });

  it("lists VM sizes, which azurerm requests before it resizes a VM", async () => {
    const { body } = await get(`${group}/providers/Microsoft.Compute/virtualMachines/vm/vmSizes`);
    expect(body.value).toContainEqual({ name: "Standard_D2s_v5" });
  });

  it("protects everything below a lock", async () => {
    await makeNetwork();
    const lock = `${network}/providers/Microsoft.Authorization/locks/keep`;
    await put(lock, { properties: { level: "CanNotDelete" } });
    expect((await call("DELETE", group)).body.error.code).toBe("ScopeLocked");
    expect((await call("DELETE", network)).body.error.code).toBe("ScopeLocked");
    await call("DELETE", lock);
    expect((await call("DELETE", network)).status).toBe(200);
  });

  it("stores a password, and never shows it", async () => {
    await makeNetwork();
    const server = `${group}/providers/Microsoft.DBforMySQL/flexibleServers/mysql-test`;
    const properties = { administratorLogin: "admin", administratorLoginPassword: "secret-1" };
    const made = await put(server, { location: "westeurope", properties });
    expect(JSON.stringify([made.body, (await get(server)).body])).not.toContain("secret-1");
    await call("PATCH", server, { properties: { backup: { backupRetentionDays: 14 } } });
    expect(azure.resources.get(server)?.properties).toMatchObject({
      administratorLoginPassword: "secret-1",
      backup: { backupRetentionDays: 14 },
    });
  });

  it.each([
    ["PUT", `${group}/providers/Microsoft.Unknown/things/one`],
    ["POST", `${network}/fly`],
    ["PUT", `${group}/providers/Microsoft.Network/virtualNetworks`],
  ])("refuses and prints an unsupported request, %s %s", async (method, path) => {
    await makeNetwork();
    const { body } = await call(method, path, {});
    expect(body.error.code).toBe("NotImitated");
    expect(printed).toEqual([expect.stringContaining(`${method} management.azure.com${path}`)]);
  });
});
