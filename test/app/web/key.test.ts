import { Unavailable } from "../../../app/errors";
import type { RewrappingProgress } from "../../../app/rewrapping";
import { MemoryApplication } from "./memory-application";
import { Browser, start } from "./web-client";

/** A rewrap that a test can pause and continue. */
class Rewrapping extends MemoryApplication {
  starts = 0;
  finish: (outcome: RewrappingProgress | Error) => void = () => {};
  report: (progress: RewrappingProgress) => void = () => {};

  override rewrap(onProgress: (progress: RewrappingProgress) => void): Promise<RewrappingProgress> {
    this.starts += 1;
    this.report = onProgress;
    return new Promise((resolve, reject) => {
      this.finish = (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome));
    });
  }
}

describe("The page of the key", () => {
  it("shows the number of customers of each version, and how to rotate the key", async () => {
    const { server } = await start();
    const { statusCode, headers, body } = await server.inject("/key");
    expect([statusCode, headers["refresh"]]).toEqual([200, undefined]);
    expect(body).toContain("3 customers are behind.");
    expect(body).toMatch(/Version 1<\/dt>\s*<dd><meter min="0" max="3" value="3"/);
    expect(body).toMatch(
      /Version 2 <span class="tag good">encrypts now<\/span><\/dt>\s*<dd><meter min="0" max="3" value="0"/,
    );
    expect(body).toContain("vault write -f transit/keys/customer-key/rotate");
  });

  it("starts one rewrap at a time, and shows its progress and result", async () => {
    const application = new Rewrapping();
    const { server } = await start({}, application);
    const browser = new Browser(server);
    for (const _ of ["once", "twice"]) {
      const answer = await browser.submit("/key/rewrap", {}, "/key");
      expect([answer.statusCode, answer.headers["location"]]).toEqual([303, "/key"]);
    }
    expect(application.starts).toBe(1);
    application.report({ keyVersion: 2, done: 0, total: 3 });
    const running = await browser.open("/key");
    expect(running.headers["refresh"]).toBe("1");
    expect(running.body).toContain("0 of 3 customers are encrypted again. This page reloads");
    application.report({ keyVersion: 2, done: 1, total: 3, rowsPerSecond: 50, secondsLeft: 62 });
    expect((await browser.open("/key")).body).toContain(
      "1 of 3 customers are encrypted again, 50 a second; 1 min 2 s left. This page reloads",
    );

    application.finish({ keyVersion: 2, done: 3, total: 3 });
    await new Promise((resolve) => setImmediate(resolve));
    const done = await browser.open("/key");
    expect(done.headers["refresh"]).toBeUndefined();
    expect(done.body).toContain("3 customers were encrypted again; all are at version 2 of the key.");

    await browser.submit("/key/rewrap", {}, "/key");
    application.finish(new Unavailable("Vault is sealed.", 5));
    await new Promise((resolve) => setImmediate(resolve));
    expect((await browser.open("/key")).body).toContain(
      "Vault is sealed. Start it again. It continues with the remaining rows.",
    );
    expect(application.starts).toBe(2);
  });

  it("starts no rewrap for a form of another site", async () => {
    const application = new Rewrapping();
    const { server } = await start({}, application);
    const answer = await new Browser(server).submit("/key/rewrap", { _csrf: "theirs" }, "/key");
    expect([answer.statusCode, application.starts]).toEqual([403, 0]);
  });

  it("names the unknown values while Vault or the database is down", async () => {
    const application = new MemoryApplication();
    const status = await application.status();
    application.status = async () => ({
      ...status,
      readiness: { ready: false, reasons: ["Vault is sealed."], retryAfterSeconds: 5 },
      transit: { key: "customer-key", latestVersion: undefined, rowsByVersion: undefined },
    });
    const { server } = await start({}, application);
    const { body } = await server.inject("/key");
    expect(body).toContain("Not known now.");
    expect(body).toContain("<li>Vault is sealed.</li>");
    expect(body).not.toContain("at the newest version.");
  });
});
