import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vaultServerUserData } from "../../../cloud-init/vault-server/user-data";
import { type AzureCloud, azureClouds } from "../../../environments/azure-clouds";
import { ChildProgram } from "../../../lib/processes/child-program";
import { waitFor } from "../../../lib/processes/wait-for";
import { VaultClient } from "../../../lib/vault-api/vault-client";
import { withFreePort } from "../../../sandbox/programs/free-port";
import { vaultServer } from "../../cloud-init/examples";
import { filesOf } from "../../cloud-init/machine";
import { describeWithVault, vaultThere } from "../programs-there";

const tenantId = "22222222-2222-4222-8222-222222222222";

/** The hosts that each program here must ask, as Vault itself knows them. */
const hosts = [
  ["AzureCloud", "kv-x.vault.azure.net", "login.microsoftonline.com"],
  ["AzureUSGovernment", "kv-x.vault.usgovcloudapi.net", "login.microsoftonline.us"],
  ["AzureChinaCloud", "kv-x.vault.azure.cn", "login.chinacloudapi.cn"],
] as const;

/** The variables that the user data give Vault. */
function variablesIn(azure: AzureCloud): Record<string, string> {
  const userData = vaultServerUserData({
    ...vaultServer,
    azure,
    keyVaultName: "kv-x",
    tenantId,
    clientId: "x",
  });
  const file = filesOf(userData).get("/etc/vault.d/vault.env") ?? "";
  const lines = file.split("\n").map((line) => line.split("="));
  return Object.fromEntries(
    lines.filter(([name]) => name?.startsWith("AZURE_") || name?.includes("KEYVAULT")),
  );
}

describeWithVault("The real Vault, with its user data and configuration,", () => {
  const asked: string[] = [];
  /** Refuses each connection, and notes where to it was. */
  const proxy = createServer().on("connect", ({ url }, socket) => {
    asked.push(url ?? "");
    // Vault is killed at the end of each test, perhaps before it has read the answer.
    socket.on("error", () => {});
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  let folder: string;
  const running: ChildProgram[] = [];

  beforeAll(() => new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve)));
  afterAll(() => void proxy.close());
  beforeEach(() => {
    asked.length = 0;
    folder = mkdtempSync(join(tmpdir(), "azure-clouds-"));
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((program) => program.kill()));
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(azure: AzureCloud, ...args: string[]): Promise<ChildProgram> {
    const { port } = proxy.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    const program = await ChildProgram.start({
      name: "Vault",
      command: vaultThere() ?? "",
      args: ["server", ...args],
      env: { PATH: process.env.PATH, HOME: folder, HTTPS_PROXY: url, HTTP_PROXY: url, ...variablesIn(azure) },
      cwd: folder,
      logFile: join(folder, "vault.log"),
    });
    running.push(program);
    return program;
  }

  it.each(hosts)("unseals itself in %s with the cloud's Key Vault, %s", async (cloud, keyVault) => {
    const file = join(folder, "vault.hcl");
    writeFileSync(file, 'seal "azurekeyvault" {}\nstorage "inmem" {}\ndisable_mlock = true\n');
    await start(azureClouds[cloud], `-config=${file}`);
    await waitFor("Vault to ask for its key", async () => asked.length > 0, { deadlineMs: 30_000 });
    expect(asked[0]).toBe(`${keyVault}:443`);
  });

  it.each(hosts)("reads in %s the keys of VMs' tokens from the cloud's Entra", async (cloud, _, login) => {
    const azure: AzureCloud = azureClouds[cloud];
    await withFreePort(async (port) => {
      const args = ["-dev", "-dev-root-token-id=root", `-dev-listen-address=127.0.0.1:${port}`];
      const program = await start(azure, ...args);
      const root = new VaultClient({ address: `http://127.0.0.1:${port}`, caFile: "" }, "root");
      await program.until("Vault to be active", () => root.read("sys/mounts"), { deadlineMs: 30_000 });
      const put = (path: string, body: object) => root.request({ method: "PUT", path, body: { ...body } });
      await put("sys/auth/azure", { type: "azure" });
      await put("auth/azure/config", {
        tenant_id: tenantId,
        resource: azure.resourceManager,
        environment: azure.vaultEnvironment,
      });
      await put("auth/azure/role/x", { bound_service_principal_ids: ["x"] });
      asked.length = 0;
      const jwt = "e30.e30.e30";
      await put("auth/azure/login", {
        role: "x",
        jwt,
        subscription_id: tenantId,
        resource_group_name: "x",
        vm_name: "x",
      }).catch(() => {});
    });
    expect(asked).toContain(`${login}:443`);
  });
});
