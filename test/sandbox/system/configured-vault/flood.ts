import { readFileSync, statSync } from "node:fs";
import https from "node:https";
import { requestsPerSecond } from "../../../../constructs/vault/rate-limit";
import { longTests } from "../../../long-tests";
import { firstBootsLog } from "../audit-log";
import type { RunningSandbox } from "../running-sandbox";
import { LoggedInWorkload } from "../workloads";

const floodSeconds = longTests ? 5 : 2;

/** Requests a second: a tenth of the deployed rate, so that a busy machine can exceed it. */
const rate = requestsPerSecond / 10;

export const flood = (running: RunningSandbox): void =>
  describe("A client that sends requests without a token and without a pause", () => {
    const path = "sys/quotas/rate-limit/each-client";
    afterAll(async () => {
      const deployer = await running.deployer();
      await deployer.request({ method: "POST", path, body: { path: "", rate: requestsPerSecond } });
      await deployer.logOut();
    });

    it("fills the audit log only at its allowed rate, and blocks no other client", async () => {
      const { sandbox } = running;
      const { vault } = sandbox;
      const log = vault.path(firstBootsLog);
      const workload = await LoggedInWorkload.of(sandbox, "agent");
      const deployer = await running.deployer();
      expect(await deployer.read(path)).toMatchObject({ path: "", rate: requestsPerSecond, interval: 1 });
      await deployer.request({ method: "POST", path, body: { path: "", rate } });
      const agent = new https.Agent({ keepAlive: true, maxSockets: 16 });
      const ask = () =>
        new Promise<number>((resolve, reject) => {
          const target = { host: vault.address, port: 8200, servername: sandbox.vaultServerName };
          const ca = readFileSync(sandbox.vaultCertificateFile);
          https
            .get({ ...target, ca, agent, path: "/v1/sys/mounts" }, (answer) => {
              answer.resume().once("end", () => resolve(answer.statusCode ?? 0));
            })
            .once("error", reject);
        });
      const before = statSync(log).size;
      const statuses = new Map<number, number>();
      const started = Date.now();
      const flood = Array.from({ length: 16 }, async () => {
        while (Date.now() - started < floodSeconds * 1000) {
          const status = await ask();
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      });
      const others: number[] = [];
      while (Date.now() - started < floodSeconds * 1000)
        others.push((await workload.ask("GET auth/token/lookup-self")).status);
      await Promise.all(flood);
      agent.destroy();
      const seconds = (Date.now() - started) / 1000;

      expect([...statuses.keys()].sort()).toEqual([403, 429]);
      expect(new Set(others)).toEqual(new Set([200]));
      // At the start, the requests of a whole second may come at once.
      expect(statuses.get(403)).toBeLessThanOrEqual(rate * (seconds + 1));
      // A request has two lines of less than 800 bytes. The other client sends few requests.
      const grown = statSync(log).size - before;
      expect(grown).toBeLessThan((rate * (seconds + 1) + others.length) * 2 * 2000);
    });
  });
