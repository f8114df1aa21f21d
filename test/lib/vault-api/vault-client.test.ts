import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UntrustedCertificate, VaultClient } from "../../../lib/vault-api/vault-client";

const request = { method: "GET", path: "sys/mounts" } as const;

describe("VaultClient", () => {
  let server: Server;
  let answer: RequestListener;
  let address: string;

  beforeAll(async () => {
    server = createServer((asked, response) => answer(asked, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const client = (deadlineMs?: number) => new VaultClient({ address, caFile: "" }, "a-token", deadlineMs);

  it("does not wait longer than its deadline", async () => {
    answer = () => {};
    await expect(client(50).request(request)).rejects.toThrow(
      `Vault at ${address} did not answer GET sys/mounts within 0.05 s.`,
    );
  });

  it("reports an unreachable Vault", async () => {
    const away = new VaultClient({ address: "http://127.0.0.1:1", caFile: "" });
    await expect(away.request(request)).rejects.toThrow(
      "Request to Vault at http://127.0.0.1:1 failed, GET sys/mounts: connect ECONNREFUSED 127.0.0.1:1.",
    );
  });

  it.each([
    ["first", [0, 1]],
    ["second", [1, 0]],
  ])("trusts both of two certificates with one name, if Vault shows the %s", (_, order) =>
    withSecureVault(order, async (secure) => {
      expect(await secure.read("sys/mounts")).toEqual({ a: 1 });
    }),
  );

  it("says that it does not trust Vault's certificate", () =>
    withSecureVault([1], async (secure) => {
      await expect(secure.read("sys/mounts")).rejects.toThrow(UntrustedCertificate);
    }));

  it.each([
    [{}, 3],
    [{ keepsTunnel: true }, 1],
  ])("with %o opens %i connections of a proxy for a login and two requests", (options, expected) =>
    withSecureVault([0], async (_, connection) => {
      let opened = 0;
      const proxy = createServer().on("connect", (asked, socket) => {
        opened++;
        const vault = connect(Number(asked.url?.split(":")[1]), "127.0.0.1");
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        vault.pipe(socket).pipe(vault);
      });
      await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
      const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      const client = await VaultClient.loggedIn({ ...connection, proxyUrl, jwt: "" }, options);
      for (const _ of [1, 2]) expect(await client.read("sys/mounts")).toEqual({ a: 1 });
      client.close();
      proxy.closeAllConnections();
      proxy.close();
      expect(opened).toBe(expected);
    }),
  );

  it("reports an answer that is not from Vault", async () => {
    answer = (_, response) => response.end("<html>");
    await expect(client().request(request)).rejects.toThrow(
      "answered GET sys/mounts with text that is not JSON",
    );
  });

  it("quotes Vault's error, and not the token", async () => {
    answer = (_, response) => response.writeHead(503).end('{"errors":["Vault is sealed"]}');
    const refusal = client().request(request);
    await expect(refusal).rejects.toThrow("Vault refused GET sys/mounts with 503: Vault is sealed.");
    await expect(refusal).rejects.not.toThrow("a-token");
  });

  it.each([
    [404, "[]"],
    [400, '["No secret engine mount at x/"]'],
    [400, '["No auth engine at x/"]'],
  ])("treats %i %s as a missing value", async (status, errors) => {
    answer = (_, response) => response.writeHead(status).end(`{"errors":${errors}}`);
    expect(await client().read("sys/mounts/x")).toBeUndefined();
  });

  it("treats no other refusal as a missing value", async () => {
    answer = (_, response) => response.writeHead(403).end('{"errors":["permission denied"]}');
    await expect(client().read("sys/mounts/x")).rejects.toThrow("403: permission denied");
  });
});

/** Starts a server with the first of two certificates of one name. The client trusts the named ones. */
async function withSecureVault(
  trusted: readonly number[],
  work: (client: VaultClient, connection: { address: string; caFile: string }) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "vault-client-"));
  const made = [0, 1].map((number) => certificateIn(folder, number));
  const vault = createSecureServer(made[0] ?? {}, (_, response) => response.end('{"data":{"a":1}}'));
  try {
    const caFile = join(folder, "trusted.pem");
    writeFileSync(caFile, trusted.map((index) => made[index]?.cert.toString()).join("\n"));
    await new Promise<void>((resolve) => vault.listen(0, "127.0.0.1", resolve));
    const { port } = vault.address() as AddressInfo;
    const connection = { address: `https://localhost:${port}`, caFile };
    const client = new VaultClient(connection);
    await work(client, connection);
    client.close();
  } finally {
    vault.closeAllConnections();
    vault.close();
    rmSync(folder, { recursive: true });
  }
}

/** Creates a certificate as Key Vault's renewal does. It has no key identifiers, because OpenSSL could tell two certificates apart by them. */
function certificateIn(folder: string, number: number): { cert: Buffer; key: Buffer } {
  const [certificate, key] = [join(folder, `${number}.pem`), join(folder, `${number}.key`)];
  const keyId = ["-addext", "subjectKeyIdentifier=none", "-addext", "authorityKeyIdentifier=none"];
  const options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key];
  const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  execFileSync("openssl", ["req", "-x509", ...options, ...name, ...keyId, "-out", certificate], {
    stdio: "ignore",
  });
  return { cert: readFileSync(certificate), key: readFileSync(key) };
}
