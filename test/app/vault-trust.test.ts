import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { requestJson } from "../../app/vault/http";
import { Trust } from "../../app/vault/trust";
import type { KeyAndCertificate } from "../../sandbox/azure/server/key-and-certificate";
import { createSelfSigned } from "../../sandbox/azure/server/self-signed-certificate";

const certificateFor = (name: string) =>
  createSelfSigned({
    subject: `CN=${name}`,
    dnsNames: [name],
    notAfter: new Date(Date.now() + 3_600_000),
    keySize: 2048,
  });

describe("The application", () => {
  let own: KeyAndCertificate;
  let others: KeyAndCertificate;
  let ofAnotherName: KeyAndCertificate;
  let vault: Server | undefined;

  beforeAll(async () => {
    [own, others, ofAnotherName] = (await Promise.all([
      certificateFor("localhost"),
      certificateFor("localhost"),
      certificateFor("vault.example"),
    ])) as [KeyAndCertificate, KeyAndCertificate, KeyAndCertificate];
  });
  afterEach(() => new Promise((done) => vault?.close(done)));

  /** Returns the tokens that reach a Vault with one certificate from an application that trusts this certificate or another one. */
  async function tokensAt(server: KeyAndCertificate, trusted: KeyAndCertificate): Promise<unknown[]> {
    const tokens: unknown[] = [];
    vault = createServer({ key: server.keyPem, cert: server.certificatePem }, ({ headers }, response) => {
      tokens.push(headers["x-vault-token"]);
      response.end("{}");
    });
    await new Promise<void>((done) => vault?.listen(0, "127.0.0.1", done));
    const trust = new Trust({ caPem: trusted.certificatePem, proxy: {}, onEvent: () => {} });
    try {
      await requestJson({
        method: "GET",
        url: `https://localhost:${(vault.address() as AddressInfo).port}/v1/sys/health`,
        headers: { "x-vault-token": "hvs.secret" },
        timeoutMs: 5_000,
        dispatcher: trust.dispatcher,
      }).catch(() => {});
    } finally {
      await trust.close();
    }
    return tokens;
  }

  it("sends its token to a Vault whose certificate it trusts", async () => {
    expect(await tokensAt(own, own)).toEqual(["hvs.secret"]);
  });

  it("sends no token to a Vault with another certificate", async () => {
    expect(await tokensAt(others, own)).toEqual([]);
  });

  it("sends no token to a Vault with another name", async () => {
    expect(await tokensAt(ofAnotherName, ofAnotherName)).toEqual([]);
  });
});
