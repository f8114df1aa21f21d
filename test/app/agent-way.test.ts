import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Connection } from "mysql2/promise";
import { readSettings, type Settings } from "../../app/settings";
import { describeWithVaultAndDatabase } from "../sandbox/programs-there";
import { useSandbox } from "../sandbox/system/running-sandbox";
import { ada, dump, inspector, RunningApplication, until, webAppSettings } from "./running-application";

describeWithVaultAndDatabase("The application beside Vault Agent", () => {
  const running = useSandbox();
  let app: RunningApplication;
  let database: Connection;
  let file: string;

  beforeAll(async () => {
    // The web app's instance makes the schema; an agent's role may not.
    const webApp = await RunningApplication.start(webAppSettings(running.sandbox));
    await webApp.untilReady();
    await webApp.close();
    database = await inspector(running.sandbox);
    const [agent] = [...running.sandbox.agents.values()];
    file = agent?.path("/ramdisk/app/config.json") ?? "";
    app = await RunningApplication.start(settings());
    await app.untilReady();
  }, 240_000);

  afterAll(async () => {
    await database?.end();
    await app?.close();
  });

  const settings = (): Settings =>
    readSettings({ APP_CONFIG_FILE: file, SSL_CERT_FILE: running.sandbox.caFile });

  it("lists and adds as the web app does, and the database holds no plaintext", async () => {
    expect((await app.store.list({ page: 1, pageSize: 10 })).rows).toHaveLength(10);
    const { id } = await app.store.add(ada);
    expect(await app.store.get(id)).toMatchObject(ada);
    const stored = await dump(database);
    expect(Object.values(ada).filter((value) => stored.includes(value))).toEqual([]);
    await app.store.remove(id);
    expect(await dump(database)).not.toMatch(new RegExp(`"customer_id":${id},`));
  });

  it("knows who it is by Vault's word", async () => {
    expect(await app.application.status()).toMatchObject({
      way: "agent",
      readiness: { ready: true },
      vault: { role: "agent-role", policies: ["default", "workload-agent"] },
      identity: { vm_name: expect.any(String) },
      database: { user: expect.stringMatching(/^v-azure/), leaseSecondsLeft: expect.any(Number) },
      transit: { key: "customer-key", latestVersion: 1 },
    });
  });

  it("swaps credentials when the file changes, without a failed call, and keeps them when the file is broken", async () => {
    const own = `${running.folder}/config.json`;
    const rendered = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(own, JSON.stringify(rendered));
    const other = await RunningApplication.start({ ...settings(), configFile: own } as Settings);
    await other.untilReady();
    const failures: unknown[] = [];
    let on = true;
    const load = (async () => {
      while (on) await other.store.list({ page: 1, pageSize: 5 }).catch((error) => failures.push(error));
    })();
    writeFileSync(own, '{"database": ');
    await until("the complaint", () => other.of("failure").length > 0);
    await database.query("CREATE USER 'swapped'@'%' IDENTIFIED BY 'Made-up-1'");
    await database.query("GRANT SELECT ON *.* TO 'swapped'@'%'");
    Object.assign(rendered.database, { user: "swapped", password: "Made-up-1" });
    writeFileSync(`${own}.new`, JSON.stringify(rendered));
    renameSync(`${own}.new`, own);
    await until("the drained pool", () => other.of("pool-drained").length === 1);
    expect((await other.application.status()).database.user).toBe("swapped");
    on = false;
    await load;
    expect(failures).toEqual([]);
    expect(JSON.stringify(other.events)).not.toContain("Made-up-1");
    await other.close();
  });

  it("says what is missing while there is no file", async () => {
    const other = await RunningApplication.start({
      ...settings(),
      configFile: `${running.folder}/none.json`,
    } as Settings);
    const { ready, reasons } = await other.application.ready();
    expect({ ready, reasons }).toEqual({
      ready: false,
      reasons: expect.arrayContaining(["The file that Vault Agent renders cannot be read (ENOENT)."]),
    });
    writeFileSync(`${running.folder}/none.json`, readFileSync(file));
    await other.untilReady();
    await other.close();
  });
});
