import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { unzipSync } from "fflate";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { CustomerRows } from "../../app/customers/customer-rows";
import { customerFields } from "../../app/customers/customer-store";
import { madeUpCustomers } from "../../app/customers/made-up-customers";
import { applyMigrations, migrations } from "../../app/database/migrate";
import { Pools } from "../../app/database/pools";
import { Conflict, InvalidInput, NotFound, Tampered, Unavailable } from "../../app/errors";
import { packageApp } from "../../app/package";
import { describeWithVaultAndDatabase } from "../sandbox/programs-there";
import { databaseUsers, environmentOfDatabaseUsers } from "../sandbox/system/database-users";
import { type RunningSandbox, useSandbox } from "../sandbox/system/running-sandbox";
import { tokenLike } from "../token-like";
import {
  ada,
  credentialsOf,
  databaseLogin,
  dump,
  inspector,
  latestKeyVersion,
  RunningApplication,
  transitRequests,
  webAppClient,
  webAppEnvironment,
  webAppSettings,
} from "./running-application";
import { hostileValues } from "./web/examples";

/** Two subjects share one system, because its start takes as long as one of them. */
describeWithVaultAndDatabase("With real Vault and database:", () => {
  const running = useSandbox({ upTo: "vault-config", environment: environmentOfDatabaseUsers() });
  withVaultAndDatabase(running);
  databaseUsers(running);
});

function withVaultAndDatabase(running: RunningSandbox): void {
  describe("The application", () => {
    let app: RunningApplication;
    let database: Connection;
    /** The tests of the rewrap rotate the key. */
    const keyVersion = () => latestKeyVersion(running.sandbox);

    beforeAll(async () => {
      // App Service starts two instances at once. One of them migrates and seeds.
      const settings = webAppSettings(running.sandbox);
      const [first, second] = await Promise.all([
        RunningApplication.start(settings),
        RunningApplication.start(settings),
      ]);
      await Promise.all([first.untilReady(), second.untilReady()]);
      const seeded = [...first.of("seeded"), ...second.of("seeded")];
      const migrated = [...first.of("migrated"), ...second.of("migrated")];
      await second.close();
      app = first;
      expect(seeded).toEqual([{ event: "seeded", customers: madeUpCustomers.length }]);
      expect(migrated.map(({ version }) => version)).toEqual([1, 2, 3, 4]);
      database = await inspector(running.sandbox);
    }, 120_000);

    afterAll(async () => {
      await database?.end();
      await RunningApplication.closeAllBut();
    });

    it("lists the made-up customers, decrypted, with one transit request a page", async () => {
      const before = transitRequests(running.sandbox).length;
      const page = await app.store.list({ page: 1, pageSize: 100 });
      const requests = transitRequests(running.sandbox).slice(before);
      expect(requests).toEqual(["transit/decrypt/customer-key"]);
      expect(page.total).toBe(120);
      expect(page.rows).toHaveLength(100);
      expect(page.rows[0]).toMatchObject({ ...madeUpCustomers[0], id: 1, version: 1 });
    });

    it("shares requests to Vault between simultaneous readers, and a bad row fails for its own reader only", async () => {
      const bad = await app.store.add(ada);
      const { city } = (await app.store.oneAsStored(bad.id)).fields;
      await database.query("UPDATE customers SET city = phone WHERE id = ?", [bad.id]);
      const before = transitRequests(running.sandbox).length;
      const ids = [...Array.from({ length: 30 }, (_, index) => index + 1), bad.id];
      const read = await Promise.allSettled(ids.map((id) => app.store.get(id)));
      expect(read.slice(0, 30)).toEqual(
        madeUpCustomers.slice(0, 30).map((customer, index) => ({
          status: "fulfilled",
          value: expect.objectContaining({ ...customer, id: index + 1 }),
        })),
      );
      expect(read[30]).toEqual({ status: "rejected", reason: new Tampered(bad.id, "row") });
      expect(transitRequests(running.sandbox).length - before).toBeLessThan(20);
      await database.query("UPDATE customers SET city = ? WHERE id = ?", [city, bad.id]);
      await app.store.remove(bad.id);
    });

    it("stores, edits and removes a customer, and the database never holds plaintext", async () => {
      const added = await app.store.add({ ...ada, email: "", phone: "" });
      expect(await app.store.get(added.id)).toEqual({ ...added, ...ada, email: "", phone: "" });
      const edited = await app.store.edit(added.id, ada, added.version);
      expect(edited).toMatchObject({ ...ada, version: 2 });
      const stored = await dump(database);
      await app.store.remove(added.id);
      const afterwards = await dump(database);
      for (const value of [...Object.values(ada), "4000001234567899", "912345678"]) {
        expect([stored.includes(value), afterwards.includes(value)]).toEqual([false, false]);
      }
      for (const customer of madeUpCustomers) {
        for (const field of customerFields.filter((it) => customer[it].length > 5))
          expect(stored).not.toContain(customer[field]);
      }
      expect(afterwards).toMatch(new RegExp(`"customer_id":${added.id},.*"sealed":"vault:v1:`));
      await expect(app.store.get(added.id)).rejects.toThrow(NotFound);
      await expect(app.store.remove(added.id)).rejects.toThrow(NotFound);
    });

    it("rejects an edit of a customer that somebody else changed", async () => {
      const { id, version } = await app.store.add(ada);
      await app.store.edit(id, { ...ada, city: "Paris" }, version);
      await expect(app.store.edit(id, { ...ada, city: "Rome" }, version)).rejects.toThrow(Conflict);
      expect((await app.store.get(id)).city).toBe("Paris");
      const edits = ["A", "B", "C"].map((city) => app.store.edit(id, { ...ada, city }, 2));
      const outcomes = await Promise.allSettled(edits);
      expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      await app.store.remove(id);
    });

    it("adds a customer once for each one-time key, even if several requests send it at once", async () => {
      const added = await Promise.all(["k1", "k1", "k1"].map((key) => app.store.add(ada, key)));
      expect(new Set(added.map(({ id }) => id)).size).toBe(1);
      await expect(app.store.add({ ...ada, city: "Other" }, "k1")).rejects.toThrow(InvalidInput);
      const other = await app.store.add(ada, "k2");
      expect(other.id).not.toBe(added[0]?.id);
      for (const id of [added[0]?.id ?? 0, other.id]) await app.store.remove(id);
    });

    it("removes only the version that the person saw", async () => {
      const { id, version } = await app.store.add(ada);
      await app.store.edit(id, { ...ada, city: "Paris" }, version);
      await expect(app.store.remove(id, version)).rejects.toThrow(Conflict);
      expect((await app.store.get(id)).city).toBe("Paris");
      await app.store.remove(id, 2);
      await expect(app.store.get(id)).rejects.toThrow(NotFound);
    });

    it("restores a removed customer under its number, and deletes its copy in the archive", async () => {
      const added = await app.store.add(ada);
      const removed = await app.store.remove(added.id, added.version);
      expect(await dump(database)).toContain(`"customer_id":${added.id},`);
      const forged = { ...removed, fields: { ...removed.fields, city: removed.fields.lastName } };
      await expect(app.store.restore(forged)).rejects.toThrow(Tampered);
      await app.store.restore(removed);
      await expect(app.store.restore(removed)).rejects.toThrow(Conflict);
      expect(await app.store.get(added.id)).toMatchObject({ ...ada, version: 2, createdAt: added.createdAt });
      expect(await dump(database)).not.toContain(`"customer_id":${added.id},`);
      expect((await app.store.findByNumber(ada.socialSecurityNumber)).map(({ id }) => id)).toContain(
        added.id,
      );
      await app.store.remove(added.id);
    });

    it("reveals a customer with one request, and returns the request's id in Vault's audit log", async () => {
      const { customer, auditId } = await app.store.reveal(1);
      expect(customer).toMatchObject(madeUpCustomers[0] ?? {});
      const log = readFileSync(running.sandbox.vault.path("/var/log/vault/first-boot-audit.log"), "utf8");
      const paths = log
        .split("\n")
        .filter((line) => line.includes(auditId))
        .map((line) => JSON.parse(line).request.path);
      expect(new Set(paths)).toEqual(new Set(["transit/decrypt/customer-key"]));
    });

    it("lists the newest customers first on request", async () => {
      const { rows } = await app.store.list({ page: 1, pageSize: 3, sort: "-number" });
      expect(rows.map(({ id }) => id)).toEqual([...rows].map(({ id }) => id).sort((a, b) => b - a));
      expect(rows[0]?.id).toBeGreaterThanOrEqual(120);
    });

    it("rejects invalid customers with a sentence", async () => {
      const refused = await app.store
        .add({ ...ada, cardNumber: "4000", email: "x", city: "a\nb", salary: "-1" })
        .catch((error) => error);
      expect(refused).toBeInstanceOf(InvalidInput);
      expect(Object.keys(refused.problems).sort()).toEqual(["cardNumber", "city", "email", "salary"]);
      await expect(app.store.list({ page: 0, pageSize: 1000 })).rejects.toThrow(InvalidInput);
      await expect(app.store.list({ page: 1, pageSize: 10, search: "Lovelace" })).rejects.toThrow(
        InvalidInput,
      );
    });

    it("stores hostile values in any field unchanged or rejects them with a sentence, and the database holds no plaintext", async () => {
      const outcomes = { kept: 0, refused: 0 };
      const kept: string[] = [];
      for (const [what, value] of hostileValues) {
        for (const field of customerFields) {
          const answer = await app.store.add({ ...ada, [field]: value }).catch((error: unknown) => error);
          if (answer instanceof InvalidInput) {
            expect([what, answer.problems]).toEqual([what, { [field]: expect.stringMatching(/^The .*\.$/) }]);
            outcomes.refused += 1;
            continue;
          }
          const { id } = answer as { id: number };
          const read = await app.store.get(id);
          expect([what, field, read[field]]).toEqual([what, field, value.trim()]);
          kept.push(read[field]);
          outcomes.kept += 1;
          await app.store.remove(id);
        }
      }
      expect(outcomes.kept).toBeGreaterThan(50);
      expect(outcomes.refused).toBeGreaterThan(100);
      const stored = await dump(database);
      const inClear = kept.filter(
        (value) =>
          value.length > 4 && /[^\w+/=:]/.test(value) && stored.includes(JSON.stringify(value).slice(1, -1)),
      );
      expect(inClear).toEqual([]);
    });

    it("finds a customer by number, day and hashed fields, in any spelling", async () => {
      const { id, createdAt } = await app.store.add(ada);
      const day = createdAt.toISOString().slice(0, 10);
      const found = async (search: string) =>
        (await app.store.list({ page: 1, pageSize: 100, search })).rows.map((row) => row.id);
      for (const search of [
        "912-34-5678",
        "912345678",
        "4000001234567899",
        "4000-0012-3456-7899",
        "ADA.Countess@example.com",
        String(id),
      ]) {
        expect([search, await found(search)]).toEqual([search, [id]]);
      }
      expect((await app.store.list({ page: 1, pageSize: 1, search: day })).total).toBeGreaterThan(100);
      expect(await found("1999-01")).toEqual([]);
      expect((await app.store.findByNumber("912-34-5678")).map((row) => row.id)).toEqual([id]);
      expect(await app.store.findByNumber("912-34-5679")).toEqual([]);
      await app.store.remove(id);
    });

    it("rejects ciphertexts that somebody swapped between rows or fields", async () => {
      const [one, two] = [await app.store.add(ada), await app.store.add({ ...ada, salary: "1" })];
      const stored = await app.store.asStored({ page: 2, pageSize: 100 });
      const of = (id: number) => stored.rows.find((row) => row.id === id)?.fields;
      const [own, salary, phone] = [of(one.id)?.salary, of(two.id)?.salary, of(two.id)?.phone];
      await database.query("UPDATE customers SET salary = ? WHERE id = ?", [salary, one.id]);
      await expect(app.store.get(one.id)).rejects.toEqual(new Tampered(one.id, "row"));
      await database.query("UPDATE customers SET phone = email WHERE id = ?", [two.id]);
      await expect(app.store.get(two.id)).rejects.toEqual(new Tampered(two.id, "row"));
      await database.query("UPDATE customers SET salary = ? WHERE id = ?", [own, one.id]);
      await database.query("UPDATE customers SET phone = ? WHERE id = ?", [phone, two.id]);
      for (const { id } of [one, two]) await app.store.remove(id);
    });

    it("rejects an old ciphertext in its own row and field, but not a whole old row, as docs/security.md says", async () => {
      const { id, version } = await app.store.add({ ...ada, salary: "1" });
      const rowOf = async () => {
        const [rows] = await database.query<RowDataPacket[]>("SELECT * FROM customers WHERE id = ?", [id]);
        return rows[0] as RowDataPacket;
      };
      const old = await rowOf();
      await app.store.edit(id, { ...ada, salary: "2" }, version);
      const now = await rowOf();
      await database.query("UPDATE customers SET salary = ? WHERE id = ?", [old["salary"], id]);
      await expect(app.store.get(id)).rejects.toEqual(new Tampered(id, "row"));
      await database.query("UPDATE customers SET salary = ?, data_key = ? WHERE id = ?", [
        old["salary"],
        old["data_key"],
        id,
      ]);
      await expect(app.store.get(id)).rejects.toThrow(Tampered);
      await database.query("UPDATE customers SET ? WHERE id = ?", [old, id]);
      expect((await app.store.get(id)).salary).toBe("1");
      await database.query("UPDATE customers SET ? WHERE id = ?", [now, id]);
      expect((await app.store.get(id)).salary).toBe("2");
      await app.store.remove(id);
    });

    it("rejects the data key of another row", async () => {
      const [one, two] = [await app.store.add(ada), await app.store.add(ada)];
      const { rows } = await app.store.asStored({ page: 2, pageSize: 100 });
      const own = rows.find(({ id }) => id === one.id)?.dataKey;
      await database.query(
        "UPDATE customers one JOIN customers two ON two.id = ? SET one.data_key = two.data_key WHERE one.id = ?",
        [two.id, one.id],
      );
      await expect(app.store.get(one.id)).rejects.toEqual(new Tampered(one.id, "data-key"));
      await database.query("UPDATE customers SET data_key = ? WHERE id = ?", [own, one.id]);
      for (const { id } of [one, two]) await app.store.remove(id);
    });

    it("decrypts a row from before data keys, and the rewrap gives the row a data key", async () => {
      const { id } = await app.store.add(ada);
      const vault = await webAppClient(running.sandbox);
      const base64 = (text: string) => Buffer.from(text).toString("base64");
      const [before] = (
        await database.query<RowDataPacket[]>("SELECT row_key FROM customers WHERE id = ?", [id])
      )[0];
      const { batch_results: sealed } = await vault.request({
        method: "POST",
        path: "transit/encrypt/customer-key",
        body: {
          batch_input: customerFields.map((field) => ({
            plaintext: base64(ada[field]),
            associated_data: base64(`customers/${before?.["row_key"]}/${field}`),
          })),
        },
      });
      const columns = customerFields.map((field) =>
        field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      );
      const ciphertexts = (sealed as { ciphertext: string }[]).map(({ ciphertext }) => ciphertext);
      await database.query("UPDATE customers SET ? WHERE id = ?", [
        { data_key: "", ...Object.fromEntries(columns.map((column, index) => [column, ciphertexts[index]])) },
        id,
      ]);
      const page = await app.store.list({ page: 2, pageSize: 100 });
      expect(page.rows.find((row) => row.id === id)).toMatchObject(ada);
      expect((await app.application.rewrap(() => {})).total).toBe(1);
      const [after] = (
        await database.query<RowDataPacket[]>("SELECT * FROM customers WHERE id = ?", [id])
      )[0];
      expect([after?.["data_key"], after?.["city"]]).toEqual([
        expect.stringMatching(new RegExp(`^vault:v${await keyVersion()}:`)),
        expect.stringMatching(/^aes:/),
      ]);
      expect(await app.store.get(id)).toMatchObject(ada);
      // A row with a data key rejects a field that Vault encrypted by itself.
      await database.query("UPDATE customers SET city = ? WHERE id = ?", [
        ciphertexts[columns.indexOf("city")],
        id,
      ]);
      await expect(app.store.get(id)).rejects.toEqual(new Tampered(id, "city"));
      await database.query("UPDATE customers SET city = ? WHERE id = ?", [after?.["city"], id]);
      await app.store.remove(id);
    });

    it("shows its identity and how it gets its secrets, but no secret", async () => {
      const status = await app.application.status();
      expect(status).toMatchObject({
        way: "vault",
        readiness: { ready: true, reasons: [] },
        identity: { aud: "https://management.azure.com/", oid: expect.any(String) },
        vault: {
          role: "webapp-role",
          tokenType: "batch",
          edition: "community",
          policies: ["default", "workload-webapp"],
        },
        database: {
          user: expect.stringMatching(/^v-jwt/),
          leaseId: expect.stringMatching(/^database\/creds\/long\//),
          replacements: 0,
        },
        transit: { key: "customer-key", latestVersion: await keyVersion() },
      });
      expect(JSON.stringify([status, app.events])).not.toMatch(tokenLike);
    });

    it("is not ready with a dropped database user, whose connections still work, but with the next user", async () => {
      const own = await RunningApplication.start(webAppSettings(running.sandbox), { seed: false });
      await own.untilReady();
      const { user } = (await own.application.status()).database;
      await database.query("DROP USER ?@'%'", [user]);
      await own.untilReady();
      expect((await own.application.status()).database.user).not.toBe(user);
      await own.close();
    });

    it("reports that the database cannot write while the server's disk is full", async () => {
      const login = await databaseLogin(running.sandbox, "long");
      const source = {
        current: login,
        failure: undefined,
        get: async () => login,
        refused: () => false,
        leaseSecondsLeft: async () => 60,
      };
      const pools = new Pools(
        () => source,
        () => {},
      );
      await pools.replace(login);
      // MariaDB answers this to an INSERT if the disk is full. Source: MySQL, error 1114.
      const full = Object.assign(new Error("The table 'customers' is full"), {
        code: "ER_RECORD_FILE_FULL",
        sqlState: "HY000",
      });
      const work = pools.use("add", () => Promise.reject(full), 1_000);
      await expect(work).rejects.toThrow(/cannot do it now \(ER_RECORD_FILE_FULL\)/);
      await expect(work).rejects.toThrow(Unavailable);
      await pools.close();
    });

    it("migrates once, even if several instances start at once", async () => {
      const login = await databaseLogin(running.sandbox, "migration");
      const done: string[] = [];
      const extra = {
        version: 9,
        name: "extra",
        statements: ["CREATE TABLE IF NOT EXISTS extra (id INT PRIMARY KEY)"],
      };
      await Promise.all(
        [1, 2, 3, 4].map(() =>
          applyMigrations(
            login,
            [...migrations, extra],
            (event) => void (event.event === "migrated" && done.push(event.name)),
          ),
        ),
      );
      expect(done).toEqual(["extra"]);
      // An interruption between a step's statements and the record of the step leaves this state.
      for (const [index, step] of migrations.entries())
        await applyMigrations(login, [{ ...step, version: 100 + index }], () => {});
      await expect(
        applyMigrations(
          { ...login, ...(await credentialsOf(running.sandbox, "long")) },
          [
            { ...extra, version: 10 },
            { version: 11, name: "x", statements: ["CREATE TABLE x (id INT)"] },
          ],
          () => {},
        ),
      ).rejects.toThrow(/denied/);
      await database.query("DROP TABLE extra");
    });

    it("reads no whole row that it does not return, so that a million customers are no slower to turn pages of", async () => {
      const plans: string[] = [];
      const session = {
        rows: async (sql: string, parameters: (string | number)[] = []) => {
          const [plan] = await database.execute<RowDataPacket[]>(`EXPLAIN ${sql}`, parameters);
          for (const { table, type, key } of plan.filter((step) => step["table"] === "customers"))
            plans.push(`${table} ${type} ${key} ${sql}`);
          return (await database.execute<RowDataPacket[]>(sql, parameters))[0];
        },
      };
      const pools = { use: (_: string, work: (it: typeof session) => unknown) => work(session) };
      const rows = new CustomerRows(pools as unknown as Pools);
      await rows.page({ page: 3, pageSize: 20 });
      await rows.page({ page: 3, pageSize: 20, sort: "-number" });
      await rows.countBehind(1);
      const before = plans.length;
      expect(await rows.keyVersions()).toEqual([await keyVersion()]);
      expect(plans.slice(before)).toEqual([]);
      const day = { created: [new Date(0), new Date(86_400_000)] } as const;
      expect((await rows.page({ page: 1, pageSize: 20 }, day)).rows).toEqual([]);
      expect((await rows.next(await keyVersion(), 0, 10)).map(({ id }) => id)).toEqual([
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
      ]);
      expect(await rows.next("without a data key", 0, 10)).toEqual([]);
      expect(plans.length).toBeGreaterThan(6);
      expect(plans.filter((plan) => /^customers (?:ALL|index (?:PRIMARY|null))/.test(plan))).toEqual([]);
    });

    it("rewraps with the package's command, which shows its progress", async () => {
      await (await running.deployer()).request({
        method: "POST",
        path: "transit/keys/customer-key/rotate",
        body: {},
      });
      const { latestVersion = 0 } = (await app.application.status()).transit;
      expect(latestVersion).toBeGreaterThan(1);
      const command = `${running.folder}/rewrap.js`;
      writeFileSync(command, unzipSync(packageApp())["rewrap.js"] as Uint8Array);
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [command], {
        env: { ...webAppEnvironment(running.sandbox), NODE_EXTRA_CA_CERTS: running.sandbox.caFile },
      });
      expect(stdout).toBe("");
      const lines = stderr.split("\n").filter((line) => /^rewrap: (?!waiting: )/.test(line));
      const total = Number(/^rewrap: 0 of (\d+) customers/.exec(lines[0] ?? "")?.[1]);
      expect(total).toBeGreaterThanOrEqual(120);
      expect(lines.at(-2)).toMatch(
        new RegExp(
          `^rewrap: ${total} of ${total} customers encrypted with version ${latestVersion} \\(100 %, \\d+ a second, 0 s left\\)$`,
        ),
      );
      expect(lines.at(-1)).toBe(
        `rewrap: done, ${total} customers; all are at version ${latestVersion} of the key`,
      );
      expect((await app.application.status()).transit.rowsByVersion).toEqual({ [latestVersion]: total });
      expect((await app.store.get(1)).email).toBe(madeUpCustomers[0]?.email);
    });

    it("rewraps rows of an older version of the key, and finds them before and after", async () => {
      const { id } = await app.store.add(ada);
      const vault = await running.deployer();
      await vault.request({ method: "POST", path: "transit/keys/customer-key/rotate", body: {} });
      expect((await app.store.findByNumber("912-34-5678")).map((row) => row.id)).toEqual([id]);
      const newer = await app.store.add({ ...ada, city: "Turin" });
      expect((await app.store.findByNumber("912-34-5678")).map((row) => row.id)).toEqual([id, newer.id]);
      const seen: number[] = [];
      const end = await app.application.rewrap(({ done }) => seen.push(done));
      expect(end.done).toBe(end.total);
      expect(seen).toEqual([0, 100, end.total]);
      expect((await app.application.status()).transit).toMatchObject({
        latestVersion: end.keyVersion,
        rowsByVersion: { [end.keyVersion]: end.total + 1 },
      });
      expect(await dump(database)).not.toMatch(
        new RegExp(`"(?:data_key|email_hash)":"vault:v(?!${end.keyVersion}:)`),
      );
      expect((await app.store.findByNumber("912-34-5678")).map((row) => row.id)).toEqual([id, newer.id]);
      expect((await app.store.get(id)).version).toBe(1);
      for (const row of [id, newer.id]) await app.store.remove(row);
    });
  });
}
