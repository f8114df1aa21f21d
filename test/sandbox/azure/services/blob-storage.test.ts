import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Azure, startAzure } from "../../../../sandbox/azure/azure";
import { ask } from "../caller";
import { agent, resourceGroup, vault, world } from "../example-world";

const audience = "https://storage.azure.com/";
const url = "https://stdemo.blob.core.windows.net/app/app.zip";
const account = `${resourceGroup}/providers/Microsoft.Storage/storageAccounts/stdemo`;
const version = { "x-ms-version": "2021-12-02" };

let folder: string;
let azure: Azure;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "blobs-"));
  writeFileSync(join(folder, "app.zip"), "first");
  azure = await startAzure(
    {
      ...world,
      storageAccounts: [
        {
          name: "stdemo",
          resourceId: account,
          blobs: [{ container: "app", name: "app.zip", file: join(folder, "app.zip") }],
        },
      ],
      roleDefinitions: [
        ...world.roleDefinitions,
        {
          name: "Blob Adder",
          actions: [],
          dataActions: ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action"],
        },
      ],
      roleAssignments: [
        {
          principalId: vault,
          roleName: "Blob Adder",
          scope: `${account}/blobServices/default/containers/new`,
        },
        {
          principalId: agent,
          roleName: "Storage Blob Data Reader",
          scope: `${account}/blobServices/default/containers/app`,
        },
      ],
    },
    { print: () => {} },
  );
});
afterEach(() => azure.accessControl.remove({ roleName: "Storage Blob Data Contributor" }));
afterAll(async () => {
  await azure.stop();
  rmSync(folder, { recursive: true });
});

const get = (address = url, headers: Record<string, string> = {}, machine = "vm-agent") =>
  ask(azure, address, {
    from: machine,
    token: azure.tokenForMachine(machine, audience),
    headers: { ...version, ...headers },
  });

describe("Blob Storage", () => {
  it("returns a blob to a reader of its container, and reports when it is unchanged", async () => {
    const { status, headers, body } = await get();
    expect([status, body]).toEqual([200, "first"]);
    expect((await get(url, { "if-none-match": String(headers["etag"]) })).status).toBe(304);
    writeFileSync(join(folder, "app.zip"), "second");
    const newer = await get(url, { "if-none-match": String(headers["etag"]) });
    expect([newer.status, newer.body]).toEqual([200, "second"]);
  });

  it("refuses callers without a role, other containers, wrong tokens, and missing tokens", async () => {
    expect((await get(url, {}, "vm-vault")).headers["x-ms-error-code"]).toBe(
      "AuthorizationPermissionMismatch",
    );
    expect((await get(url.replace("/app/", "/other/"))).status).toBe(403);
    expect((await get(url.replace("app.zip", "missing.zip"))).status).toBe(404);
    const token = azure.tokenForMachine("vm-agent", "https://vault.azure.net");
    expect((await ask(azure, url, { token, headers: version })).status).toBe(401);
    expect((await ask(azure, url, { headers: version })).status).toBe(401);
  });

  it("refuses a request without a version, as Azure does for Entra tokens", async () => {
    expect((await ask(azure, url, { token: azure.tokenForMachine("vm-agent", audience) })).status).toBe(401);
  });
});

describe("A pushed blob", () => {
  const pushed = "https://stdemo.blob.core.windows.net/app/other.zip";
  const put = (machine: string, headers: Record<string, string> = {}) =>
    ask(azure, pushed, {
      from: machine,
      method: "PUT",
      token: azure.tokenForMachine(machine, audience),
      headers: { ...version, "x-ms-blob-type": "BlockBlob", ...headers },
      body: "pushed",
    });

  it("can be created, but not changed, by a caller whose role only adds blobs", async () => {
    const send = (blob: string, headers: Record<string, string> = {}) =>
      ask(azure, `https://stdemo.blob.core.windows.net/${blob}`, {
        from: "vm-vault",
        method: "PUT",
        token: azure.tokenForMachine("vm-vault", audience),
        headers: { ...version, "x-ms-blob-type": "BlockBlob", ...headers },
        body: "pushed",
      });
    expect((await send("new/one")).status).toBe(201);
    expect((await send("new/one")).status).toBe(403);
    expect((await send("new/two", { "x-ms-blob-type": "PageBlob" })).status).toBe(400);
  });

  it("requires the right to write, and reads return the same bytes", async () => {
    expect((await put("vm-agent")).status).toBe(403);
    azure.accessControl.add({
      principalId: vault,
      roleName: "Storage Blob Data Contributor",
      scope: account,
    });
    expect((await put("vm-vault")).status).toBe(201);
    const again = await put("vm-vault", { "if-none-match": "*" });
    expect([again.status, again.headers["x-ms-error-code"]]).toEqual([409, "BlobAlreadyExists"]);
    expect((await get(pushed)).body).toBe("pushed");
  });

  it("keeps metadata, and lets only the lease's owner change a blob, as Terraform locks its state", async () => {
    const state = "https://stdemo.blob.core.windows.net/app/demo/network.tfstate";
    azure.accessControl.add({
      principalId: agent,
      roleName: "Storage Blob Data Contributor",
      scope: account,
    });
    const send = (method: string, query = "", headers: Record<string, string> = {}) =>
      ask(azure, `${state}${query}`, {
        from: "vm-agent",
        method,
        token: azure.tokenForMachine("vm-agent", audience),
        headers: { ...version, "x-ms-blob-type": "BlockBlob", ...headers },
      });
    const lease = { "x-ms-lease-id": "9d2f3e2c-0000-4000-8000-000000000001" };
    const acquire = { "x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1" };
    const mine = { ...acquire, "x-ms-proposed-lease-id": lease["x-ms-lease-id"] };
    const other = { ...acquire, "x-ms-proposed-lease-id": "9d2f3e2c-0000-4000-8000-000000000002" };
    expect((await send("PUT")).status).toBe(201);
    expect((await send("PUT", "?comp=lease", mine)).headers["x-ms-lease-id"]).toBe(lease["x-ms-lease-id"]);
    expect((await send("PUT", "?comp=metadata", { ...lease, "x-ms-meta-lock": "me" })).status).toBe(200);
    expect((await send("GET")).headers).toMatchObject({
      "x-ms-meta-lock": "me",
      "x-ms-lease-state": "leased",
    });
    expect((await send("PUT", "?comp=lease", other)).status).toBe(409);
    expect((await send("PUT")).status).toBe(412);
    expect((await send("PUT", "", lease)).status).toBe(201);
    const { body } = await ask(
      azure,
      "https://stdemo.blob.core.windows.net/app?restype=container&comp=list&prefix=demo/",
      {
        from: "vm-agent",
        token: azure.tokenForMachine("vm-agent", audience),
        headers: version,
      },
    );
    expect(body).toMatch(/<Name>demo\/network\.tfstate<\/Name>.*<LeaseState>leased</);
    expect((await send("PUT", "?comp=lease", { ...lease, "x-ms-lease-action": "release" })).status).toBe(200);
    expect((await send("DELETE")).status).toBe(202);
    expect((await send("GET")).status).toBe(404);
  });
});
