import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { VaultClient } from "../../../lib/vault-api/vault-client";

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

  it("reports that Vault is unreachable", async () => {
    const away = new VaultClient({ address: "http://127.0.0.1:1", caFile: "" });
    await expect(away.request(request)).rejects.toThrow(
      "Request to Vault at http://127.0.0.1:1 failed, GET sys/mounts: connect ECONNREFUSED 127.0.0.1:1.",
    );
  });

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
  ])("reads %i %s as nothing there", async (status, errors) => {
    answer = (_, response) => response.writeHead(status).end(`{"errors":${errors}}`);
    expect(await client().read("sys/mounts/x")).toBeUndefined();
  });

  it("reads no other refusal that way", async () => {
    answer = (_, response) => response.writeHead(403).end('{"errors":["permission denied"]}');
    await expect(client().read("sys/mounts/x")).rejects.toThrow("403: permission denied");
  });
});
