import { X509Certificate } from "node:crypto";
import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import https from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { connect, type PeerCertificate, type TLSSocket } from "node:tls";
import { waitFor } from "../../../lib/processes/wait-for";
import { CERTIFICATE, deadlineMs, outputFromNow, VAULT } from "./first-boots";
import type { RunningSandbox } from "./running-sandbox";

/** Milliseconds between two requests of a client, so that the clients leave the processors to Vault. */
const PACE_MS = 5;

/**
 * Clients that send requests to Vault until they are stopped. They trust certificates by fingerprint, because if two
 * trusted self-signed certificates differ only in the key, OpenSSL (and so Node.js and curl) finds a single one.
 */
class Load {
  answers = 0;
  /** Certificates that fresh connections were offered, by fingerprint. */
  readonly offered = new Set<string>();
  readonly failures: string[] = [];
  #over = false;
  readonly #clients: Promise<void>[];

  constructor(
    private readonly options: https.RequestOptions,
    private readonly trusted: ReadonlySet<string>,
    { keepAlive, fresh }: { keepAlive: number; fresh: number },
  ) {
    this.#clients = [
      ...Array.from({ length: keepAlive }, () => this.#client(new https.Agent({ keepAlive: true }))),
      ...Array.from({ length: fresh }, () => this.#client(new https.Agent({ maxCachedSessions: 0 }))),
    ];
  }

  async stop(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#clients);
  }

  async #client(agent: https.Agent): Promise<void> {
    while (!this.#over) {
      await this.#ask(agent).catch((error: Error) => this.failures.push(String(error)));
      await delay(PACE_MS);
    }
    agent.destroy();
  }

  #ask(agent: https.Agent): Promise<void> {
    return new Promise((resolve, reject) => {
      const options = { ...this.options, agent, path: "/v1/sys/health", rejectUnauthorized: false };
      const request = https.get(options, (answer) => {
        const { fingerprint256 } = (answer.socket as TLSSocket).getPeerCertificate();
        this.offered.add(fingerprint256);
        if (!this.trusted.has(fingerprint256))
          this.failures.push(`an untrusted certificate ${fingerprint256}`);
        if (answer.statusCode !== 200) this.failures.push(`status ${answer.statusCode}`);
        this.answers += 1;
        answer.resume().once("end", resolve).once("error", reject);
      });
      request.once("error", reject);
    });
  }
}

/** @param running a system with Vault */
export const certificateRenewal = (running: RunningSandbox): void =>
  describe("Renewal of Vault's certificate by the timer's command", () => {
    const vm = () => running.sandbox.vault;
    // Earlier tests may have restarted Vault.
    beforeAll(() => running.untilActive());
    afterAll(() => {
      delete vm().environment["RENEWAL_WAIT_SECONDS"];
    });
    const pem = () => readFileSync(running.sandbox.vaultCertificateFile, "utf8");
    const fingerprint = () => new X509Certificate(pem()).fingerprint256;
    const target = () => ({ host: vm().address, port: 8200, servername: running.sandbox.vaultServerName });

    async function renewInKeyVault(): Promise<void> {
      const { sandbox } = running;
      const [, keyVault = "", name = ""] =
        /^TLS_CERTIFICATE_SECRET_URL=.?https:\/\/([^.]+)\.[^/]+\/secrets\/([\w-]+)/m.exec(
          readFileSync(vm().path("/etc/vault.d/vault.env"), "utf8"),
        ) ?? [];
      await sandbox.azure.renewCertificate(keyVault, name);
      await sandbox.refreshVaultCertificate();
    }

    const served = (): Promise<PeerCertificate> =>
      new Promise((resolve, reject) => {
        const socket = connect({ ...target(), ca: pem() }, () => {
          resolve(socket.getPeerCertificate());
          socket.destroy();
        });
        socket.once("error", reject);
      });

    it("is the timer's command", () => {
      expect(vm().state("vault-certificate.timer")).toBe("active");
      expect(readFileSync(vm().path("/etc/systemd/system/vault-certificate.timer"), "utf8")).not.toMatch(
        /^Unit=/m,
      );
    });

    it("makes Vault serve the new certificate in the same process, without a failed request under load", async () => {
      const pid = vm().pid(VAULT);
      const old = fingerprint();
      await renewInKeyVault();
      const load = new Load(target(), new Set([old, fingerprint()]), { keepAlive: 2, fresh: 2 });
      await waitFor("the load", () => load.answers >= 50, { deadlineMs });
      const { code, output } = await vm().run(CERTIFICATE);
      expect([code, output]).toEqual([0, expect.stringContaining("serves the new certificate")]);
      const answersThen = load.answers;
      await waitFor("the same load again", () => load.answers >= answersThen + 50, { deadlineMs });
      await load.stop();
      expect(load.failures).toEqual([]);
      expect([...load.offered]).toEqual([old, fingerprint()]);
      expect(vm().pid(VAULT)).toBe(pid);
      // A client that trusts only the new certificate can connect.
      expect((await served()).fingerprint256).toBe(fingerprint());
      await (await running.deployer()).logOut();
    });

    it("changes nothing without a newer certificate", async () => {
      const current = vm().path("/run/vault-tls/current");
      const before = [readlinkSync(current), lstatSync(current).ino];
      const vaultSaid = outputFromNow(vm(), VAULT);
      expect(await vm().run(CERTIFICATE)).toEqual({ code: 0, output: "" });
      expect([readlinkSync(current), lstatSync(current).ino]).toEqual(before);
      expect(vaultSaid()).toBe("");
    });

    it("makes Vault serve a renewed certificate only after clients had time to trust it", async () => {
      const current = vm().path("/run/vault-tls/current");
      const before = readlinkSync(current);
      await renewInKeyVault();
      // The same value as on Azure.
      vm().environment["CERTIFICATE_SETTLE_SECONDS"] = "900";
      try {
        const { code, output } = await vm().run(CERTIFICATE);
        expect([code, output]).toEqual([0, expect.stringContaining("a later run installs it")]);
        expect(readlinkSync(current)).toBe(before);
      } finally {
        vm().environment["CERTIFICATE_SETTLE_SECONDS"] = "0";
      }
      expect((await vm().run(CERTIFICATE)).code).toBe(0);
      expect((await served()).fingerprint256).toBe(fingerprint());
    });

    it("keeps the served certificate while Key Vault is down, and fetches the new one the next time", async () => {
      const { fingerprint256: before } = await served();
      vm().environment["RENEWAL_WAIT_SECONDS"] = "1";
      const fault = running.sandbox.azure.faults.add({
        when: ({ caller }) => caller === vm().name,
        answer: { status: 503 },
      });
      await renewInKeyVault();
      expect((await vm().run(CERTIFICATE)).code).not.toBe(0);
      fault.remove();
      const load = new Load(target(), new Set([before]), { keepAlive: 0, fresh: 1 });
      await waitFor("an answer", () => load.answers >= 1, { deadlineMs });
      await load.stop();
      expect([[...load.offered], load.failures]).toEqual([[before], []]);
      expect((await vm().run(CERTIFICATE)).code).toBe(0);
      expect((await served()).fingerprint256).not.toBe(before);
    });
  });
