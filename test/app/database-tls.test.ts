import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { TLSSocket, type TLSSocketOptions } from "node:tls";
import type { DatabaseLogin } from "../../app/database/credentials";
import { databaseTls, Pools } from "../../app/database/pools";
import { waitFor } from "../../lib/processes/wait-for";
import type { KeyAndCertificate } from "../../sandbox/azure/server/key-and-certificate";
import { createSelfSigned } from "../../sandbox/azure/server/self-signed-certificate";

const password = "of the database user";

/** MySQL's first packet, which says that the server has TLS. Source: MySQL, protocol, HandshakeV10. */
function greeting(): Buffer {
  const capabilities = 0x00_0a_ea_00; // protocol 4.1, TLS, plug-in authentication, secure connection, connect with a database
  const body = Buffer.concat([
    Buffer.from("\x0a8.4.0\0\x01\0\0\0aaaaaaaa\0", "latin1"),
    Buffer.from([
      capabilities & 0xff,
      (capabilities >> 8) & 0xff,
      0x2d,
      2,
      0,
      (capabilities >> 16) & 0xff,
      0,
      21,
    ]),
    Buffer.alloc(10),
    Buffer.from("bbbbbbbbbbbb\0mysql_native_password\0", "latin1"),
  ]);
  return Buffer.concat([Buffer.from([body.length, 0, 0, 0]), body]);
}

/** A database server up to the client's login. It speaks TLS with its own settings, and records the login. */
class Listener {
  readonly told: Buffer[] = [];
  readonly inClear: Buffer[] = [];
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(tls: TLSSocketOptions) {
    this.#server = createServer((socket) => {
      this.connections += 1;
      this.#sockets.add(socket.on("error", () => {}));
      socket.write(greeting());
      socket.once("data", (request: Buffer) => {
        // A request for TLS has 32 bytes. A login is longer, because it has the user's name. The handshake may follow directly.
        if (request[0] !== 32) return void this.inClear.push(request);
        socket.pause();
        socket.unshift(request.subarray(36));
        const secured = new TLSSocket(socket, { ...tls, isServer: true });
        secured.on("error", () => {}).on("data", (login: Buffer) => this.told.push(login));
      });
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }
}

const certificateFor = (...names: string[]) =>
  createSelfSigned({
    subject: `CN=${names[0]}`,
    dnsNames: names,
    notAfter: new Date(Date.now() + 3_600_000),
    keySize: 2048,
  });

describe("The application", () => {
  let own: KeyAndCertificate;
  let others: KeyAndCertificate;
  let ofAnotherName: KeyAndCertificate;
  let listener: Listener;
  let pools: Pools;

  beforeAll(async () => {
    [own, others, ofAnotherName] = (await Promise.all([
      certificateFor("localhost"),
      certificateFor("localhost"),
      certificateFor("mysql.example"),
    ])) as [KeyAndCertificate, KeyAndCertificate, KeyAndCertificate];
  });
  afterEach(async () => {
    await listener.close();
    await pools.close();
  });

  async function logIn(tls: TLSSocketOptions, rootsPem: string): Promise<void> {
    listener = new Listener(tls);
    const login: DatabaseLogin = {
      host: "localhost",
      port: await listener.listen(),
      name: "customers",
      user: "v-jwt-user",
      password,
      leaseId: "",
      rootsPem,
    };
    const source = {
      get: async () => login,
      current: login,
      refused: () => false,
      leaseSecondsLeft: async () => 60,
      failure: undefined,
    };
    pools = new Pools(
      () => source,
      () => {},
    );
    await pools.replace(login);
    let isOver = false;
    pools
      .use("ask", (session) => session.rows("SELECT 1"), 1_000)
      .catch(() => {})
      .finally(() => {
        isOver = true;
      });
    await waitFor("a login or the end of the attempt", () => listener.told.length > 0 || isOver, {
      deadlineMs: 10_000,
    });
    expect(listener.connections).toBeGreaterThan(0);
    expect(listener.inClear).toEqual([]);
  }

  const of = ({ keyPem, certificatePem }: KeyAndCertificate): TLSSocketOptions => ({
    key: keyPem,
    cert: certificatePem,
  });

  it("logs in to a database server that it trusts, with TLS 1.2 or newer", async () => {
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      await logIn({ ...of(own), maxVersion }, own.certificatePem);
      expect(listener.told.join()).toContain("v-jwt-user");
      if (maxVersion === "TLSv1.2") await listener.close();
      if (maxVersion === "TLSv1.2") await pools.close();
    }
  });

  it("does not log in to a server whose certificate another authority issued", async () => {
    await logIn(of(others), own.certificatePem);
    expect(listener.told).toEqual([]);
  });

  it("does not log in to a server with another name, even if it trusts the authority", async () => {
    await logIn(of(ofAnotherName), ofAnotherName.certificatePem);
    expect(listener.told).toEqual([]);
  });

  it.each(["TLSv1", "TLSv1.1"] as const)("does not log in with %s", async (version) => {
    await logIn(
      { ...of(own), minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" },
      own.certificatePem,
    );
    expect(listener.told).toEqual([]);
  });

  it("requires TLS 1.2 itself, even if OpenSSL would accept less", () => {
    expect(databaseTls({})).toEqual({
      rejectUnauthorized: true,
      verifyIdentity: true,
      minVersion: "TLSv1.2",
    });
  });
});
