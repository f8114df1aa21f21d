import { randomUUID } from "node:crypto";
import { PassThrough } from "node:stream";
import type { Application } from "../../app/application";
import { createApplication } from "../../app/application";
import { columnsOf } from "../../app/customers/customer-rows";
import { type CustomerInput, customerFields } from "../../app/customers/customer-store";
import { madeUpCustomers } from "../../app/customers/made-up-customers";
import type { Pools, Session } from "../../app/database/pools";
import { CustomerCipher } from "../../app/encryption/customer-cipher";
import { TransitKey } from "../../app/encryption/transit";
import type { RewrappingProgress } from "../../app/rewrapping";
import { loadEnvironment } from "../../environments/load";
import { Progress } from "../../lib/processes/progress";
import { waitFor } from "../../lib/processes/wait-for";
import { VaultClient } from "../../lib/vault-api/vault-client";
import { Sandbox } from "../../sandbox/system/sandbox";
import { StateFolder } from "../../sandbox/system/state-folder";
import { BenchDatabase } from "./bench-database";
import { type Contestant, measureSideBySide, spread } from "./side-by-side";

/** Customers that are encrypted in one request, and added by one statement. */
const batch = 500;
const pageSize = 20;
/** Requests for one figure, of which the median counts. */
const requests = 9;
/** The first customer's day of entry. Each later one comes a minute later, so that a year has half a million. */
const firstDay = Date.UTC(2020, 0, 1);

/** Measures lists of some lengths: their pages, the search, and a rewrap that is interrupted. */
export async function benchCustomers(sizes: readonly number[]): Promise<void> {
  const folder = await StateFolder.open();
  const progress = new Progress({ stream: new PassThrough().resume() });
  const sandbox = await Sandbox.start({
    environment: loadEnvironment("demo"),
    folder,
    progress,
    upTo: "vault-config",
  });
  const database = await BenchDatabase.open(sandbox);
  const application = await createApplication(database.settings, { seed: false });
  try {
    await waitFor("the application to be ready", async () => (await application.ready()).ready, {
      deadlineMs: 60_000,
    });
    let filled = 0;
    for (const size of [...sizes].sort((a, b) => a - b)) {
      await fill(database, filled, size);
      filled = size;
      await benchPages(application, database, size);
      await rotate(sandbox);
      await benchRewrap(application);
    }
  } finally {
    await application.close();
    await database.close();
    await sandbox.stop();
    await folder.close();
  }
}

async function fill({ pools, vault }: BenchDatabase, from: number, to: number): Promise<void> {
  console.error(`  adding customers up to ${to}`);
  const cipher = new CustomerCipher(new TransitKey(vault, "transit", "customer-key"));
  for (let next = from; next < to; next += batch) {
    const numbers = Array.from({ length: Math.min(batch, to - next) }, (_, index) => next + index);
    const open = numbers.map((number) => ({ rowKey: randomUUID(), input: numbered(number) }));
    const sealed = await cipher.seal(open);
    const rows = numbers.map((number, index) => {
      const at = new Date(firstDay + number * 60_000);
      const place = { row_key: open[index]?.rowKey ?? "", version: 1, created_at: at, updated_at: at };
      // biome-ignore lint/style/noNonNullAssertion: the cipher returns a row for each
      return { ...place, ...columnsOf(sealed[index]!) };
    });
    const names = Object.keys(rows[0] ?? {});
    const values = rows.map(() => `(${names.map(() => "?").join(", ")})`);
    await pools.use(
      "add customers",
      (session: Session) =>
        session.change(
          `INSERT INTO customers (${names.join(", ")}) VALUES ${values.join(", ")}`,
          rows.flatMap((row) => Object.values(row)),
        ),
      60_000,
    );
  }
}

/** A made-up customer whose numbers nobody else has. */
function numbered(number: number): CustomerInput {
  const input = madeUpCustomers[number % madeUpCustomers.length] as CustomerInput;
  const digits = String(number).padStart(8, "0");
  return {
    ...input,
    socialSecurityNumber: `9${digits}`.replace(/^(...)(..)/, "$1-$2-"),
    cardNumber: `40000000${digits}`,
    email: `customer.${number}@example.com`,
  };
}

async function benchPages({ store }: Application, { pools }: BenchDatabase, size: number): Promise<void> {
  const last = size / pageSize;
  const middle = Math.round(last / 2);
  const day = new Date(firstDay + (size / 2) * 60_000).toISOString().slice(0, 10);
  const list = (page: number, search?: string) => async () => {
    const { rows } = await store.list({ page, pageSize, search });
    if (rows.length === 0) throw new Error("A contestant found nothing.");
  };
  const measured = await measureSideBySide(
    [
      timed("first page", list(1)),
      timed("middle page", list(middle)),
      timed("last page", list(last)),
      timed("rows of the middle page by OFFSET alone, without count and decryption", () =>
        byOffset(pools, middle),
      ),
      timed("rows of the last page by OFFSET alone, likewise", () => byOffset(pools, last)),
      timed("search by number", list(1, String(size - 1))),
      timed("search by e-mail address", list(1, `customer.${size - 1}@example.com`)),
      timed("search by day", list(1, day)),
    ],
    requests,
  );
  console.log(`\nA list of ${size} customers, ${pageSize} a page, median of ${requests} requests in turn\n`);
  console.log("| what | milliseconds |\n| --- | --- |");
  for (const { name, figures } of measured) console.log(`| ${name} | ${spread(figures, 1)} |`);
}

/** As the application did before it had the index: the server reads each row before the page. */
function byOffset(pools: Pools, page: number): Promise<unknown> {
  const columns = customerFields.map((field) => field.replace(/[A-Z]/g, (it) => `_${it.toLowerCase()}`));
  return pools.use(
    "list by offset",
    (session) =>
      session.rows(`SELECT ${columns.join(", ")} FROM customers ORDER BY id LIMIT ? OFFSET ?`, [
        String(pageSize),
        String((page - 1) * pageSize),
      ]),
    60_000,
  );
}

/** Measures the milliseconds of the work. */
function timed(name: string, work: () => Promise<unknown>): Contestant {
  return {
    name,
    measure: async () => {
      const start = performance.now();
      await work().catch((error: Error) => {
        throw new Error(`${name}: ${error.message}`);
      });
      return performance.now() - start;
    },
  };
}

async function rotate(sandbox: Sandbox): Promise<void> {
  const deployer = await VaultClient.loggedIn({ ...sandbox.vaultConnection(), jwt: sandbox.deployerToken() });
  await deployer.request({ method: "POST", path: "transit/keys/customer-key/rotate", body: {} });
  await deployer.logOut();
}

/** Interrupts the rewrap in its middle, starts it again, and waits for its end. */
async function benchRewrap(application: Application): Promise<void> {
  const half = await interruptedAtHalf(application);
  const started = performance.now();
  let resumed = Number.NaN;
  const end = await application.rewrap(({ done }) => {
    if (done > 0 && Number.isNaN(resumed)) resumed = performance.now() - started;
  });
  const seconds = (performance.now() - started) / 1000;
  const behind = half.total - half.done;
  if (end.done !== behind)
    throw new Error(`The rewrap did ${end.done} rows after its interruption, not ${behind}.`);
  console.log(`| rewrap, rows a second, up to its interruption | ${half.rowsPerSecond} |`);
  console.log(`| rewrap, rows a second, after it | ${(end.done / seconds).toFixed(0)} |`);
  console.log(`| first ${Math.min(end.done, 100)} rows after the interruption | ${resumed.toFixed(0)} |`);
}

async function interruptedAtHalf(application: Application): Promise<RewrappingProgress> {
  const interruption = new Error("interrupted");
  let last: RewrappingProgress | undefined;
  await application
    .rewrap((progress) => {
      last = progress;
      if (progress.done >= progress.total / 2) throw interruption;
    })
    .catch((error: unknown) => {
      if (error !== interruption) throw error;
    });
  if (!last) throw new Error("The rewrap said nothing.");
  return last;
}
