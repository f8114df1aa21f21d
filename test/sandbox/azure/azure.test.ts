import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Azure, startAzure } from "../../../sandbox/azure/azure";
import { ask, tunnel } from "./caller";
import { agentAddress, keyVaultId, tenantId, world } from "./example-world";

const run = promisify(execFile);
const keyUrl = "https://kv-vault.vault.azure.net/keys/unseal/?api-version=7.4";
const discovery = `https://sts.windows.net/${tenantId}/.well-known/openid-configuration`;

describe("The stand-in for Azure", () => {
  let azure: Azure;
  const printed: string[] = [];
  beforeAll(async () => {
    azure = await startAzure(world, { print: (line) => printed.push(line) });
  });
  afterAll(() => azure.stop());
  afterEach(() => azure.faults.clear());

  it("serves a program that knows proxy and CA only from its environment", async () => {
    const folder = await mkdtemp(join(tmpdir(), "azure-"));
    await writeFile(join(folder, "ca.pem"), azure.caPem);
    const proxy = azure.proxyUrlFor("vm-agent");
    const env = {
      PATH: process.env["PATH"],
      http_proxy: proxy,
      https_proxy: proxy,
      SSL_CERT_FILE: join(folder, "ca.pem"),
    };
    const imds = "http://169.254.169.254/metadata/instance/compute/name?api-version=2021-02-01&format=text";
    const name = await run("curl", ["-sS", "--fail", "-H", "Metadata: true", imds], { env });
    const document = await run("curl", ["-sS", "--fail", discovery], { env });
    await rm(folder, { recursive: true });
    expect([name.stdout, JSON.parse(document.stdout).issuer]).toEqual([
      "vm-agent",
      `https://sts.windows.net/${tenantId}/`,
    ]);
  });

  it("is rejected by clients that do not trust its CA", async () => {
    const proxy = new URL(azure.proxyUrlFor());
    const untrusted = tunnel(proxy, "sts.windows.net", azure.caPem, { ca: [] });
    await expect(untrusted).rejects.toThrow("unable to verify");
  });

  it("supports only TLS 1.2 and newer", async () => {
    const proxy = new URL(azure.proxyUrlFor());
    const outdated = tunnel(proxy, "sts.windows.net", azure.caPem, {
      minVersion: "TLSv1.1",
      maxVersion: "TLSv1.1",
    });
    await expect(outdated).rejects.toThrow();
    const spoken = await tunnel(proxy, "sts.windows.net", azure.caPem, { maxVersion: "TLSv1.2" });
    expect(spoken.getProtocol()).toBe("TLSv1.2");
    spoken.destroy();
  });

  it.each([
    "https://example.com/",
    "https://no-such-vault.vault.azure.net/secrets/x",
    "https://graph.microsoft.com/",
  ])("forwards nothing to the internet: %s", async (url) => {
    await expect(ask(azure, url)).rejects.toThrow("CONNECT 403");
    expect(printed.at(-1)).toContain(`does not support CONNECT ${new URL(url).hostname}:443`);
  });

  it.each([
    "http://example.com/",
    "http://kv-vault.vault.azure.net/secrets/tls",
    "http://169.254.169.254:8080/metadata",
  ])("answers plain HTTP only for IMDS, not for %s", async (url) => {
    const { status, body } = await ask(azure, url, { from: "vm-vault" });
    expect([status, body.error.code]).toEqual([403, "HostNotImitated"]);
  });

  it("forwards a machine's connection to a private name, from the machine's own address", async () => {
    const callers: (string | undefined)[] = [];
    const service = net.createServer((socket) => {
      callers.push(socket.remoteAddress);
      socket.end("Vault's greeting");
    });
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    const { port } = service.address() as net.AddressInfo;
    azure.resources.put({
      id: `/subscriptions/${azure.resources.subscriptionId}/resourceGroups/rg/providers/Microsoft.Network/privateDnsZones/example.internal/A/vault`,
      name: "vault",
      type: "Microsoft.Network/privateDnsZones/A",
      properties: { fqdn: "vault.example.internal.", aRecords: [{ ipv4Address: "127.0.0.1" }] },
    });
    const greeting = await greetingThrough(azure.proxyUrlFor("vm-agent"), `vault.example.internal:${port}`);
    service.close();
    expect([greeting, callers]).toEqual(["Vault's greeting", [agentAddress]]);
  });

  it("does not use one host's connection for another host", async () => {
    const { status } = await ask(azure, discovery, { headers: { Host: "kv-vault.vault.azure.net" } });
    expect(status).toBe(421);
  });

  it("logs callers and requests, but no secrets", async () => {
    azure.requests.clear();
    const token = azure.tokenForMachine("vm-vault", "https://vault.azure.net");
    await ask(azure, `${keyUrl}&made-up=private`, { from: "vm-vault", token });
    expect(azure.requests.all).toEqual([
      {
        time: expect.any(String),
        caller: "vm-vault",
        service: "Key Vault",
        method: "GET",
        host: "kv-vault.vault.azure.net",
        path: "/keys/unseal/",
        status: 200,
        principalId: world.identities[0]?.principalId,
      },
    ]);
  });

  it("notifies the listeners of each answer", async () => {
    const seen: string[] = [];
    const end = azure.requests.onAnswer(({ path }) => seen.push(path));
    await ask(azure, keyUrl);
    end();
    await ask(azure, keyUrl);
    expect(seen).toEqual(["/keys/unseal/"]);
  });

  it("runs next to another one without its keys", async () => {
    const beside = await startAzure(world, { print: () => {} });
    const foreign = beside.tokenForMachine("vm-vault", "https://vault.azure.net");
    const replies = [
      await ask(beside, keyUrl, { token: foreign }),
      await ask(azure, keyUrl, { token: foreign }),
    ];
    await beside.stop();
    expect(replies.map(({ status }) => status)).toEqual([200, 401]);
    expect(beside.caPem).not.toBe(azure.caPem);
  });

  describe("with faults", () => {
    const isKeyVault = ({ service }: { service: string }) => service === "Key Vault";
    const status = async () => (await ask(azure, keyUrl)).status;

    it("refuses as often as the fault requires", async () => {
      const fault = azure.faults.add({ when: isKeyVault, answer: { status: 429, retryAfter: 1 }, times: 2 });
      const first = await ask(azure, keyUrl);
      expect([first.status, first.headers["retry-after"], first.body.error.code]).toEqual([
        429,
        "1",
        "Throttled",
      ]);
      expect([await status(), await status(), fault.hits]).toEqual([429, 401, 2]);
    });

    it("affects only the matching requests", async () => {
      azure.faults.add({ when: isKeyVault, answer: { status: 500 } });
      expect([await status(), (await ask(azure, discovery)).status]).toEqual([500, 200]);
    });

    it("uses the error format of the failing service", async () => {
      azure.faults.add({ when: ({ service }) => service === "IMDS", answer: { status: 503 } });
      const { body } = await ask(azure, "http://169.254.169.254/metadata/instance?api-version=2021-02-01", {
        from: "vm-vault",
      });
      expect(body).toEqual({ error: "InternalServerError", error_description: expect.any(String) });
    });

    it("cuts the connection", async () => {
      azure.faults.add({ when: isKeyVault, answer: { drop: true }, times: 1 });
      await expect(ask(azure, keyUrl)).rejects.toThrow();
      expect(await status()).toBe(401);
    });

    it("delays its callers until the promise settles", async () => {
      let letGo = () => {};
      azure.faults.add({
        when: isKeyVault,
        answer: {
          until: new Promise<void>((resolve) => {
            letGo = resolve;
          }),
        },
        times: 1,
      });
      const order: string[] = [];
      const waiting = ask(azure, keyUrl).then(() => order.push("held"));
      await ask(azure, discovery).then(() => order.push("other"));
      letGo();
      await waiting;
      expect(order).toEqual(["other", "held"]);
    });

    it("ends when the fault is removed", async () => {
      azure.faults.add({ when: isKeyVault, answer: { delayMs: 1 } }).remove();
      expect(await status()).toBe(401);
    });
  });
});

describe("A stop", () => {
  it("closes connections and listeners", async () => {
    const azure = await startAzure(world, { print: () => {} });
    const port = Number(new URL(azure.proxyUrlFor("vm-vault")).port);
    const open = await tunnel(new URL(azure.proxyUrlFor()), "sts.windows.net", azure.caPem);
    const closed = new Promise((resolve) => open.on("close", resolve));
    await azure.stop();
    await closed;
    const refused = new Promise((resolve) =>
      net.connect(port, "127.0.0.1").on("error", (error: NodeJS.ErrnoException) => resolve(error.code)),
    );
    expect(await refused).toBe("ECONNREFUSED");
  });

  it("lets the process end during a delayed request", async () => {
    const script = join(__dirname, "start-and-stop.ts");
    const { stdout } = await run(process.execPath, ["--import", "tsx", script], { timeout: 30_000 });
    expect(stdout).toBe("stopped\n");
  });
});

describe("A world that contradicts itself", () => {
  it("is rejected with every contradiction at once", async () => {
    const broken = startAzure({
      ...world,
      keys: [{ keyVault: "kv-gone", name: "unseal", keySize: 2048 }],
      virtualMachines: [...world.virtualMachines, ...world.virtualMachines.slice(0, 1)],
      roleAssignments: [{ principalId: "nobody", roleName: "Key Vault Admin", scope: "kv-vault" }],
    });
    await expect(broken).rejects.toThrow(
      /two of one virtual machine: vm-vault\n.*kv-gone\n.*assigned to an unknown principal: nobody\n.*Key Vault Admin is not a custom role and not a known built-in.*\n.*not in a subscription: kv-vault/,
    );
  });

  it("does not contain one scope in both upper and lower case", async () => {
    const [assignment] = world.roleAssignments;
    const shouting = {
      ...world,
      roleAssignments: [{ ...assignment, scope: keyVaultId("kv-vault").toUpperCase() } as never],
    };
    const azure = await startAzure(shouting, { print: () => {} });
    const { status } = await ask(azure, keyUrl, {
      token: azure.tokenForMachine("vm-vault", "https://vault.azure.net"),
    });
    await azure.stop();
    expect(status).toBe(200);
  });
});

/** Returns the first data from a service behind CONNECT. */
function greetingThrough(proxyUrl: string, authority: string): Promise<string> {
  const { hostname, port } = new URL(proxyUrl);
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), hostname, () =>
      socket.write(`CONNECT ${authority} HTTP/1.1\r\n\r\n`),
    );
    let text = "";
    socket.on("data", (data) => {
      text += data;
    });
    socket.on("end", () => resolve(text.slice(text.indexOf("\r\n\r\n") + 4)));
    socket.on("error", reject);
  });
}
