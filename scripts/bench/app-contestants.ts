import type { FastifyInstance } from "fastify";
import { type Application, createApplication } from "../../app/application";
import {
  type Customer,
  type CustomerField,
  type CustomerPage,
  type CustomerQuery,
  type CustomerStore,
  customerFields,
} from "../../app/customers/customer-store";
import { madeUpCustomers } from "../../app/customers/made-up-customers";
import { TransitKey } from "../../app/encryption/transit";
import { createLogger } from "../../app/operations/log";
import { Metrics } from "../../app/operations/metrics";
import { createWebServer } from "../../app/web/web-server";
import { waitFor } from "../../lib/processes/wait-for";
import type { Sandbox } from "../../sandbox/system/sandbox";
import { BenchDatabase } from "./bench-database";

/** Requests the page over HTTP and reads it completely. */
export type Page = () => Promise<void>;

const rowCount = 100;
const url = `/api/customers?page=1&pageSize=${rowCount}`;

/** Returns the associated data of a field that Vault encrypts separately. */
const binding = (id: number, field: CustomerField) => `bench/${id}/${field}`;

/** One web server, one Vault, one database: four ways to the same page of 100 customers. */
export class AppContestants {
  private readonly servers: FastifyInstance[] = [];

  private constructor(
    private readonly application: Application,
    private readonly database: BenchDatabase,
  ) {}

  /** The application's own way. */
  dataKeys!: Page;
  batchOfFields!: Page;
  /** Addresses of the web servers for a load of requests. */
  readonly addresses = { dataKeys: "", batchOfFields: "" };
  fieldByField!: Page;
  plain!: Page;

  static async start(sandbox: Sandbox): Promise<AppContestants> {
    const database = await BenchDatabase.open(sandbox);
    const application = await createApplication(database.settings);
    await waitFor("the application to be ready", async () => (await application.ready()).ready, {
      deadlineMs: 60_000,
    });
    const contestants = new AppContestants(application, database);
    await contestants.serveAll();
    return contestants;
  }

  async close(): Promise<void> {
    for (const server of this.servers) await server.close();
    await this.database.close();
    await this.application.close();
  }

  private async serveAll(): Promise<void> {
    const { store } = this.application;
    await this.fillPlainTable();
    const fields = await this.encryptFields();
    const list = (decrypt: Decrypt) => (query: CustomerQuery) => this.listFields(query, fields, decrypt);
    this.addresses.dataKeys = await this.serve(store);
    this.addresses.batchOfFields = await this.serve({
      ...store,
      list: list((key, texts) => key.decrypt(texts)),
    });
    this.dataKeys = pageOf(this.addresses.dataKeys);
    this.batchOfFields = pageOf(this.addresses.batchOfFields);
    this.fieldByField = pageOf(await this.serve({ ...store, list: list(oneByOne) }));
    this.plain = pageOf(await this.serve({ ...store, list: (query) => this.listPlain(query) }));
  }

  /** Returns the server's address. */
  private async serve(store: CustomerStore): Promise<string> {
    const server = await createWebServer({
      application: { ...withoutPrototype(this.application), store },
      settings: { behindAppService: false, onLoopback: false, requestsPerMinute: 100_000_000 },
      logger: createLogger({ write: () => {} }),
      metrics: new Metrics({ ofProcess: false }),
    });
    this.servers.push(server);
    return server.listen({ port: 0, host: "127.0.0.1" });
  }

  /** Vault's ciphertexts of each customer's single fields. They stay in memory, and the benchmark still reads the row. */
  private async encryptFields(): Promise<Ciphertexts> {
    const key = new TransitKey(this.database.vault, "transit", "customer-key");
    const { rows } = await this.application.store.list({ page: 1, pageSize: rowCount });
    const places = rows.flatMap((row) => customerFields.map((field) => ({ row, field })));
    const encrypted = await key.encrypt(
      places.map(({ row, field }) => ({ text: row[field], associatedData: binding(row.id, field) })),
    );
    return new Map(
      places.map(({ row, field }, index) => [binding(row.id, field), encrypted[index]?.ciphertext ?? ""]),
    );
  }

  private async listFields(
    query: CustomerQuery,
    ciphertexts: Ciphertexts,
    decrypt: Decrypt,
  ): Promise<CustomerPage> {
    const key = new TransitKey(this.database.vault, "transit", "customer-key");
    const stored = await this.application.store.asStored(query);
    const places = stored.rows.flatMap(({ id }) => customerFields.map((field) => binding(id, field)));
    const texts = await decrypt(
      key,
      places.map((place) => ({ ciphertext: ciphertexts.get(place) ?? "", associatedData: place })),
    );
    const rows = stored.rows.map(({ id, version, createdAt, updatedAt }, row) => {
      const ofRow = customerFields.map((field, index) => [field, texts[row * customerFields.length + index]]);
      return { id, version, createdAt, updatedAt, ...Object.fromEntries(ofRow) } as Customer;
    });
    return { ...stored, rows };
  }

  private async listPlain({ page, pageSize }: CustomerQuery): Promise<CustomerPage> {
    return this.database.pools.use("list", async (session) => {
      const [count] = await session.rows<{ total: number }>("SELECT COUNT(*) AS total FROM plain_customers");
      const rows = await session.rows<Customer>(
        "SELECT * FROM plain_customers ORDER BY id LIMIT ? OFFSET ?",
        [String(pageSize), String((page - 1) * pageSize)],
      );
      return { page, pageSize, total: Number(count?.total), rows };
    });
  }

  private async fillPlainTable(): Promise<void> {
    const columns = customerFields.map((field) => `${field} VARCHAR(200) NOT NULL`).join(", ");
    await this.database.pools.use("fill", async (session) => {
      await session.change(
        `CREATE TABLE plain_customers (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, version INT UNSIGNED NOT NULL,
         createdAt DATETIME(3) NOT NULL, updatedAt DATETIME(3) NOT NULL, ${columns}) CHARACTER SET utf8mb4`,
      );
      const named = ["version", "createdAt", "updatedAt", ...customerFields];
      for (const customer of madeUpCustomers)
        await session.change(
          `INSERT INTO plain_customers (${named.join(", ")}) VALUES (${named.map(() => "?").join(", ")})`,
          [1, new Date(), new Date(), ...customerFields.map((field) => customer[field])],
        );
    });
  }
}

/** Ciphertexts by their associated data. */
type Ciphertexts = ReadonlyMap<string, string>;
type Decrypt = (
  key: TransitKey,
  texts: readonly { ciphertext: string; associatedData: string }[],
) => Promise<readonly (string | Error)[]>;

function pageOf(address: string): Page {
  return async () => {
    const answer = await fetch(`${address}${url}`);
    const { rows } = (await answer.json()) as { rows: Customer[] };
    const { email } = rows[rowCount - 1] ?? {};
    if (email !== madeUpCustomers[rowCount - 1]?.email)
      throw new Error("A contestant returned another page than the others.");
  };
}

/** The demos' way: one request to Vault for each field of each row, one after the other. */
const oneByOne: Decrypt = async (key, texts) => {
  const opened: (string | Error)[] = [];
  for (const text of texts) opened.push(...(await key.decrypt([text])));
  return opened;
};

/** Copies an instance's fields to an object without its prototype's methods. */
function withoutPrototype(application: Application): Application {
  return {
    store: application.store,
    status: () => application.status(),
    ready: () => application.ready(),
    rewrap: (onProgress) => application.rewrap(onProgress),
    close: () => application.close(),
  };
}
