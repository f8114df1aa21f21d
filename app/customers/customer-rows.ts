import { randomUUID } from "node:crypto";
import { databaseErrorCode, type Parameter, type Pools, type Session } from "../database/pools";
import { Conflict, NotFound } from "../errors";
import {
  type CustomerField,
  type CustomerQuery,
  customerFields,
  type HashedField,
  hashedFields,
  type Page,
  type PageRequest,
  type StoredCustomer,
} from "./customer-store";

/** The lock's name in SQL. MySQL allows 64 characters, and the database's own name may already have 64. */
const seedLock = "RIGHT(CONCAT(DATABASE(), '.seed'), 64)";

/** The parts of a row that Vault makes. */
export interface SealedFields {
  dataKey: string;
  fields: Record<CustomerField, string>;
  hashes: Record<HashedField, string>;
  keyVersion: number;
}

/** Finds rows that meet any of the conditions. */
export interface RowSearch {
  id?: number;
  /** On or after the first date, and before the second. */
  created?: readonly [Date, Date];
  hashes?: readonly { field: HashedField; values: readonly string[] }[];
}

interface Row extends Record<string, unknown> {
  id: number;
  row_key: string;
  data_key: string;
  version: number;
  key_version: number;
  created_at: Date;
  updated_at: Date;
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const hashColumn = (field: HashedField): string => `${snake(field)}_hash`;
const fieldColumns = customerFields.map((field) => [field, snake(field)] as const);
const hashColumns = hashedFields.map((field) => [field, hashColumn(field)] as const);
const sealedColumns = ["data_key", ...[...fieldColumns, ...hashColumns].map(([, column]) => column)];
const columns = ["id", "row_key", "version", "key_version", "created_at", "updated_at", ...sealedColumns];
/** Counts and skips numbers in a narrow index. Otherwise the server reads whole rows, and a count heeds it only with a condition. */
const inNumbers = "FORCE INDEX (customers_id)";
/** Sorts what a search found. Otherwise the server may read all rows in the order of their numbers until a page is full. */
const sorted = "IGNORE INDEX FOR ORDER BY (PRIMARY, customers_id)";
const select = `SELECT ${columns.join(", ")} FROM customers`;

/** The table of customers: ciphertexts in, ciphertexts out. Each write is acknowledged once, even if a connection breaks. */
export class CustomerRows {
  constructor(private readonly pools: Pools) {}

  page(
    { page, pageSize, sort }: PageRequest & Pick<CustomerQuery, "sort">,
    search?: RowSearch,
  ): Promise<Page<StoredCustomer>> {
    const { where, parameters } = condition(search);
    return this.pools.use("list customers", async (session) => {
      const [count] = await session.rows<{ total: number }>(
        `SELECT COUNT(*) AS total FROM customers${where || ` ${inNumbers} WHERE id > 0`}`,
        parameters,
      );
      const order = `ORDER BY id ${sort === "-number" ? "DESC" : "ASC"}`;
      const numbers = `SELECT id FROM customers ${where ? `${sorted}${where}` : inNumbers} ${order} LIMIT ? OFFSET ?`;
      // Numbers go as text, because MySQL 8 rejects a double in a prepared LIMIT. Source: mysql2, issue 1239.
      const rows = await session.rows<Row>(`${select} JOIN (${numbers}) AS page USING (id) ${order}`, [
        ...parameters,
        String(pageSize),
        String((page - 1) * pageSize),
      ]);
      return { page, pageSize, total: Number(count?.total ?? 0), rows: rows.map(storedCustomer) };
    });
  }

  /** @throws {NotFound} */
  async one(id: number): Promise<StoredCustomer> {
    const found = await this.pools.use("read a customer", (session) => find(session, id));
    if (!found) throw notFound(id);
    return found;
  }

  has(rowKey: string): Promise<boolean> {
    return this.pools.use("look for a customer's key", async (session) => {
      const rows = await session.rows("SELECT id FROM customers WHERE row_key = ?", [rowKey]);
      return rows.length > 0;
    });
  }

  /** Adds a row. Returns it, or the stored row if that key already exists. */
  async add(rowKey: string, sealed: SealedFields): Promise<StoredCustomer> {
    const now = new Date();
    const id = await this.pools.use("add a customer", (session) => insert(session, rowKey, sealed, now));
    if (typeof id !== "number") return id;
    return { id, rowKey, version: 1, createdAt: now, updatedAt: now, ...sealed };
  }

  /** @throws {NotFound | Conflict} */
  async replace(before: StoredCustomer, sealed: SealedFields): Promise<StoredCustomer> {
    const { id, version, rowKey } = before;
    const now = new Date();
    await this.pools.use("edit a customer", async (session, attempt) => {
      const { affected } = await session.change(
        `UPDATE customers SET version = version + 1, key_version = ?, updated_at = ?,
         ${sealedColumns.map((column) => `${column} = ?`).join(", ")} WHERE id = ? AND version = ? AND row_key = ?`,
        [sealed.keyVersion, now, ...sealedValues(sealed), id, version, rowKey],
      );
      if (affected === 1) return;
      const stored = await find(session, id);
      if (!stored || stored.rowKey !== rowKey) throw notFound(id);
      // No two data keys are equal, so this one comes from an attempt whose answer was lost.
      const isOurs = attempt > 1 && stored.dataKey === sealed.dataKey;
      if (!isOurs) throw conflict(id);
    });
    return { ...before, ...sealed, version: version + 1, updatedAt: now };
  }

  /** Removes the row if it is unchanged since it was read. @throws {NotFound | Conflict} */
  async remove({ id, rowKey, version }: StoredCustomer, sealedCopy?: string): Promise<void> {
    await this.pools.use("remove a customer", (session, attempt) =>
      session.transaction(async () => {
        const { affected } = await session.change(
          "DELETE FROM customers WHERE id = ? AND row_key = ? AND version = ?",
          [id, rowKey, version],
        );
        if (affected === 0 && (await find(session, id))) throw conflict(id);
        // If a later attempt finds no row, an earlier attempt deleted it and its answer was lost.
        if (affected === 0 && attempt === 1) throw notFound(id);
        if (affected === 0 || sealedCopy === undefined) return;
        await session.change(
          "INSERT INTO customer_archive (row_key, customer_id, archived_at, sealed) VALUES (?, ?, ?, ?)",
          [rowKey, id, new Date(), sealedCopy],
        );
      }),
    );
  }

  /** Restores the old number and key with a new version, so that pages of the removed version are out of date. @throws {Conflict} */
  async restore({ id, rowKey, version, createdAt }: StoredCustomer, sealed: SealedFields): Promise<void> {
    const place = {
      id,
      row_key: rowKey,
      version: version + 1,
      created_at: createdAt,
      updated_at: new Date(),
    };
    await this.pools.use("bring back a customer", (session, attempt) =>
      session.transaction(async () => {
        try {
          await insertRow(session, place, sealed);
        } catch (error) {
          if (databaseErrorCode(error) !== "ER_DUP_ENTRY") throw error;
          const stored = await find(session, id);
          // No two data keys are equal, so this one comes from an attempt whose answer was lost.
          if (attempt > 1 && stored?.dataKey === sealed.dataKey) return;
          throw new Conflict(`Customer ${id} already exists.`);
        }
        await session.change("DELETE FROM customer_archive WHERE row_key = ?", [rowKey]);
      }),
    );
  }

  /** Adds all rows or none, only to an empty table, in one instance at a time. @returns the number of added rows */
  seed(rows: () => Promise<SealedFields[]>, rowKeys: readonly string[]): Promise<number> {
    return this.pools.use(
      "seed customers",
      async (session) => {
        if (!(await isEmpty(session))) return 0;
        const sealed = await rows();
        const [lock] = await session.rows<{ got: number }>(`SELECT GET_LOCK(${seedLock}, 10) AS got`);
        if (lock?.got !== 1 || !(await isEmpty(session))) return 0;
        try {
          await session.transaction(async () => {
            const now = new Date();
            for (const [index, row] of sealed.entries()) {
              await insert(session, rowKeys[index] ?? randomUUID(), row, now);
            }
          });
          return sealed.length;
        } finally {
          await session.rows(`SELECT RELEASE_LOCK(${seedLock})`).catch(() => {});
        }
      },
      30_000,
    );
  }

  async rowsByVersion(): Promise<Record<number, number>> {
    const counts = await this.pools.use("count customers by key version", (session) =>
      session.rows<{ key_version: number; total: number }>(
        "SELECT key_version, COUNT(*) AS total FROM customers GROUP BY key_version",
      ),
    );
    return Object.fromEntries(counts.map(({ key_version, total }) => [key_version, Number(total)]));
  }

  /** Key versions of the table's keyed hashes: several between a rotation and the rewrap, otherwise one. Ascending. */
  keyVersions(): Promise<number[]> {
    return this.pools.use("list the key versions", async (session) => {
      const versions: number[] = [];
      for (;;) {
        // The server looks up each smallest value. It reads the whole index for a GROUP BY until it has statistics of the table.
        const [row] = await session.rows<{ next: number | null }>(
          "SELECT MIN(key_version) AS next FROM customers WHERE key_version > ?",
          [versions.at(-1) ?? 0],
        );
        if (row?.next == null) return versions;
        versions.push(row.next);
      }
    });
  }

  /** Counts the rows that an older version of the key encrypted, or that Vault encrypted field by field. */
  countBehind(keyVersion: number): Promise<number> {
    return this.pools.use("count customers to rewrap", async (session) => {
      // Each count has its own index.
      const [count] = await session.rows<{ older: number; withoutDataKey: number }>(
        `SELECT (SELECT COUNT(*) FROM customers WHERE key_version < ?) AS older,
         (SELECT COUNT(*) FROM customers WHERE data_key = '' AND key_version >= ?) AS withoutDataKey`,
        [keyVersion, keyVersion],
      );
      return Number(count?.older ?? 0) + Number(count?.withoutDataKey ?? 0);
    });
  }

  /** Returns the next rows of one version of the key, or without a data key, after a row number. */
  next(of: number | "without a data key", afterId: number, limit: number): Promise<StoredCustomer[]> {
    const [condition, parameters] =
      of === "without a data key" ? ["data_key = ''", []] : ["key_version = ?", [of]];
    return this.pools.use("read customers to rewrap", async (session) => {
      const rows = await session.rows<Row>(`${select} WHERE ${condition} AND id > ? ORDER BY id LIMIT ?`, [
        ...parameters,
        afterId,
        String(limit),
      ]);
      return rows.map(storedCustomer);
    });
  }

  /** Stores the same content under a newer key, except rows that somebody edited meanwhile. The customers' versions stay. */
  async rewrap(rewrapped: readonly (readonly [StoredCustomer, SealedFields])[]): Promise<void> {
    await this.pools.use("rewrap customers", (session) =>
      // One transaction, because each one waits for the server's disk.
      session.transaction(async () => {
        for (const [{ id, version, rowKey }, sealed] of rewrapped) {
          await session.change(
            `UPDATE customers SET key_version = ?, ${sealedColumns.map((column) => `${column} = ?`).join(", ")}
             WHERE id = ? AND version = ? AND row_key = ? AND (key_version < ? OR data_key = '')`,
            [sealed.keyVersion, ...sealedValues(sealed), id, version, rowKey, sealed.keyVersion],
          );
        }
      }),
    );
  }
}

async function find(session: Session, id: number): Promise<StoredCustomer | undefined> {
  const [row] = await session.rows<Row>(`${select} WHERE id = ?`, [id]);
  return row && storedCustomer(row);
}

/** Returns the new row's number, or the row that already has this key. */
async function insert(
  session: Session,
  rowKey: string,
  sealed: SealedFields,
  now: Date,
): Promise<number | StoredCustomer> {
  try {
    return await insertRow(
      session,
      { row_key: rowKey, version: 1, created_at: now, updated_at: now },
      sealed,
    );
  } catch (error) {
    if (databaseErrorCode(error) !== "ER_DUP_ENTRY") throw error;
    // The row comes from an attempt whose answer was lost, or from an earlier request with the same one-time key.
    const [row] = await session.rows<Row>(`${select} WHERE row_key = ?`, [rowKey]);
    if (!row) throw error;
    return storedCustomer(row);
  }
}

/** @param place the row's unencrypted columns @returns the row's number */
async function insertRow(
  session: Session,
  place: Readonly<Record<string, Parameter>>,
  sealed: SealedFields,
): Promise<number> {
  const row = { ...place, ...columnsOf(sealed) };
  const named = Object.keys(row);
  const { insertId } = await session.change(
    `INSERT INTO customers (${named.join(", ")}) VALUES (${named.map(() => "?").join(", ")})`,
    Object.values(row),
  );
  return insertId;
}

/** Returns the columns that Vault's part of a row fills. */
export function columnsOf(sealed: SealedFields): Record<string, Parameter> {
  const values = sealedValues(sealed);
  const ofFields = sealedColumns.map((column, index) => [column, values[index] ?? ""]);
  return { key_version: sealed.keyVersion, ...Object.fromEntries(ofFields) };
}

async function isEmpty(session: Session): Promise<boolean> {
  return (await session.rows("SELECT id FROM customers LIMIT 1")).length === 0;
}

function sealedValues({ dataKey, fields, hashes }: SealedFields): Parameter[] {
  return [
    dataKey,
    ...customerFields.map((field) => fields[field]),
    ...hashedFields.map((field) => hashes[field]),
  ];
}

function condition({ id, created, hashes = [] }: RowSearch = {}): { where: string; parameters: Parameter[] } {
  const any: string[] = [];
  const parameters: Parameter[] = [];
  if (id !== undefined) {
    any.push("id = ?");
    parameters.push(id);
  }
  if (created) {
    any.push("(created_at >= ? AND created_at < ?)");
    parameters.push(...created);
  }
  for (const { field, values } of hashes) {
    any.push(`${hashColumn(field)} IN (${values.map(() => "?").join(", ")})`);
    parameters.push(...values);
  }
  return { where: any.length > 0 ? ` WHERE ${any.join(" OR ")}` : "", parameters };
}

function storedCustomer(row: Row): StoredCustomer {
  return {
    id: row.id,
    rowKey: row.row_key,
    dataKey: row.data_key,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    fields: texts(row, fieldColumns),
    hashes: texts(row, hashColumns),
  };
}

function texts<Field extends string>(
  row: Row,
  columns: readonly (readonly [field: Field, column: string])[],
): Record<Field, string> {
  const found = {} as Record<Field, string>;
  for (const [field, column] of columns) found[field] = String(row[column]);
  return found;
}

const notFound = (id: number) => new NotFound(`Customer ${id} does not exist.`);
export const conflict = (id: number) =>
  new Conflict(`Customer ${id} was changed by somebody else meanwhile.`);
