import { createPool, type Pool, type PoolConnection } from "mysql2/promise";
import { Unavailable } from "../errors";
import type { OnEvent } from "../lifecycle-event";
import { callDeadlineMs, sleep, type Verdict, withRetries } from "../retry";
import type { CredentialSource, DatabaseLogin } from "./credentials";

const connectionsPerPool = 10;
const connectTimeoutMs = 3_000;
/** The application gives up a slower query, and closes its connection. Milliseconds. */
const queryTimeoutMs = 4_000;

export type Parameter = string | number | Date | null;

/** One connection for one piece of work. */
export interface Session {
  rows<Row>(sql: string, parameters?: readonly Parameter[]): Promise<Row[]>;
  /** @returns the number of changed rows, and the new row's id */
  change(sql: string, parameters?: readonly Parameter[]): Promise<{ affected: number; insertId: number }>;
  /** Commits all of the work or nothing. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
}

interface OpenPool {
  login: DatabaseLogin;
  pool: Pool;
  /** Pieces of work that have a connection or wait for one. */
  inUse: number;
  /** Connections in use by work now. */
  held: number;
  retired: boolean;
}

/** Verifies the server's certificate against its name and the roots: `rootsPem`, or else Node's own and NODE_EXTRA_CA_CERTS. */
export function databaseTls({ rootsPem }: Pick<DatabaseLogin, "rootsPem">) {
  return {
    rejectUnauthorized: true,
    verifyIdentity: true,
    minVersion: "TLSv1.2",
    ...(rootsPem && { ca: rootsPem }),
  };
}

/**
 * Connections to the database with the newest credentials. New credentials get a new pool, which takes over before
 * the old pool drains. Work in progress ends on the connection that it began on.
 */
export class Pools {
  #newest?: OpenPool;
  readonly #open = new Set<OpenPool>();
  #replacements = 0;
  #closed = false;

  constructor(
    private readonly credentials: () => CredentialSource,
    private readonly onEvent: OnEvent,
  ) {}

  /** The number of times that credentials were replaced. */
  get replacements(): number {
    return this.#replacements;
  }

  /** Opens one connection with new credentials before the pool uses them. The pool uses its first credentials immediately. */
  async replace(login: DatabaseLogin): Promise<void> {
    if (this.#closed) return;
    const next = this.#create(login);
    if (!this.#newest) return this.#use(next);
    await warmUp(next.pool);
    // If two logins arrive at once, the later one stays.
    if (this.#closed || this.credentials().current !== login) return this.#retire(next);
    this.#use(next);
  }

  /**
   * Does work on one connection. If the connection or its credentials break, it starts the work again from the beginning.
   * @param attempt counts from 1. From 2, an earlier attempt may have done the work and lost the answer
   * @throws {Unavailable} if the database does not answer in time
   */
  use<T>(
    what: string,
    work: (session: Session, attempt: number) => Promise<T>,
    deadlineMs = callDeadlineMs,
  ): Promise<T> {
    return withRetries((leftMs, attempt) => this.#once(work, attempt, leftMs), {
      what,
      deadlineMs,
      judge,
      onEvent: this.onEvent,
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const open of this.#open) this.#retire(open);
    const deadline = Date.now() + queryTimeoutMs;
    while (this.#open.size > 0 && Date.now() < deadline) await sleep(10);
    await Promise.all([...this.#open].map(({ pool }) => pool.end()));
  }

  async #once<T>(
    work: (session: Session, attempt: number) => Promise<T>,
    attempt: number,
    leftMs: number,
  ): Promise<T> {
    const open = await this.#ready(leftMs);
    open.inUse += 1;
    try {
      const connection = await connectionOf(open, leftMs);
      open.held += 1;
      try {
        const result = await work(new MysqlSession(connection), attempt);
        connection.release();
        return result;
      } catch (error) {
        // The connection does not go back into the pool, because it may be in the middle of something.
        if (isDatabaseError(error)) connection.destroy();
        else connection.release();
        throw error;
      } finally {
        open.held -= 1;
      }
    } catch (error) {
      const code = databaseErrorCode(error);
      if (refusals.has(code)) this.credentials().refused(open.login, goneUser.has(code));
      throw error;
    } finally {
      open.inUse -= 1;
      if (open.retired) this.#endIfIdle(open);
    }
  }

  /** The newest pool, while its credentials live. */
  async #ready(leftMs: number): Promise<OpenPool> {
    if (this.#closed) throw new Unavailable("The application is stopping.", 5);
    await this.credentials().get(leftMs);
    // While the newer credentials connect, the previous ones are still valid.
    if (!this.#newest) throw new Unavailable("The application is starting.", 2);
    return this.#newest;
  }

  #use(next: OpenPool): void {
    const old = this.#newest;
    this.#newest = next;
    if (!old) return;
    this.#replacements += 1;
    this.#retire(old);
  }

  #create(login: DatabaseLogin): OpenPool {
    const { host, port, name, user, password } = login;
    const pool = createPool({
      host,
      port,
      user,
      password,
      database: name,
      ssl: databaseTls(login),
      charset: "utf8mb4",
      timezone: "Z",
      connectTimeout: connectTimeoutMs,
      connectionLimit: connectionsPerPool,
      maxIdle: connectionsPerPool,
      idleTimeout: 60_000,
      enableKeepAlive: true,
    });
    const open = { login, pool, inUse: 0, held: 0, retired: false };
    this.#open.add(open);
    return open;
  }

  #retire(open: OpenPool): void {
    open.retired = true;
    this.#endIfIdle(open);
  }

  #endIfIdle(open: OpenPool): void {
    if (open.inUse > 0 || !this.#open.delete(open)) return;
    const { user } = open.login;
    open.pool.end().then(
      () => this.onEvent({ event: "pool-drained", user }),
      // The server may have cut connections before the pool could close them.
      () => this.onEvent({ event: "pool-drained", user }),
    );
  }
}

class MysqlSession implements Session {
  constructor(private readonly connection: PoolConnection) {}

  async rows<Row>(sql: string, parameters: readonly Parameter[] = []): Promise<Row[]> {
    const [rows] = await this.connection.execute({ sql, timeout: queryTimeoutMs }, [...parameters]);
    return rows as Row[];
  }

  async change(sql: string, parameters: readonly Parameter[] = []) {
    const [result] = await this.connection.execute({ sql, timeout: queryTimeoutMs }, [...parameters]);
    const { affectedRows: affected, insertId } = result as { affectedRows: number; insertId: number };
    return { affected, insertId };
  }

  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.connection.beginTransaction();
    try {
      const result = await work();
      await this.connection.commit();
      return result;
    } catch (error) {
      // The server itself rolls back a broken connection.
      await this.connection.rollback().catch(() => {});
      throw error;
    }
  }
}

/** Opens one connection, so that the first request on new credentials does not wait. A failure shows at the first use. */
async function warmUp(pool: Pool): Promise<void> {
  try {
    (await pool.getConnection()).release();
  } catch {}
}

/** Returns a connection in time. A connection that arrives too late goes back to the pool. */
async function connectionOf(open: OpenPool, timeoutMs: number): Promise<PoolConnection> {
  let late = false;
  let timer: NodeJS.Timeout | undefined;
  const connection = open.pool.getConnection();
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late = true;
      // If fewer connections are in use than the limit, the pool waits for the server.
      const reason =
        open.held < connectionsPerPool
          ? "The database does not answer in time."
          : "All connections to the database are in use.";
      reject(new Unavailable(reason, 2));
    }, timeoutMs);
  });
  connection.then(
    (came) => late && came.release(),
    () => {},
  );
  try {
    return await Promise.race([connection, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** The user no longer exists: the answers to a login, and to SHOW GRANTS on an open connection. */
const goneUser = new Set(["ER_ACCESS_DENIED_ERROR", "ER_NONEXISTING_GRANT"]);

/** The user no longer exists or has lost its rights: its lease ended or was revoked. */
const refusals = new Set([
  ...goneUser,
  "ER_DBACCESS_DENIED_ERROR",
  "ER_TABLEACCESS_DENIED_ERROR",
  "ER_COLUMNACCESS_DENIED_ERROR",
  "ER_MUST_CHANGE_PASSWORD_LOGIN",
]);

/** Safe to try again: the statement did not run, or the server undid the whole transaction. */
const transient = new Set([
  "ER_LOCK_DEADLOCK",
  "ER_LOCK_WAIT_TIMEOUT",
  "ER_CON_COUNT_ERROR",
  "ER_TOO_MANY_USER_CONNECTIONS",
  "ER_USER_LIMIT_REACHED",
  "ER_SERVER_SHUTDOWN",
  "ER_NORMAL_SHUTDOWN",
  "ER_CONNECTION_KILLED",
  "ER_OPTION_PREVENTS_STATEMENT",
  "ER_READ_ONLY_MODE",
  // The server's disk or memory is full.
  "ER_DISK_FULL",
  "ER_RECORD_FILE_FULL",
  "ER_ERROR_ON_WRITE",
  "ER_GET_ERRNO",
  "ER_OUTOFMEMORY",
  "ER_OUT_OF_RESOURCES",
]);

function judge(error: unknown): Verdict {
  const code = databaseErrorCode(error);
  if (error instanceof Unavailable || code === "") return undefined;
  if (refusals.has(code)) return { reason: "The database refuses the credentials from Vault.", pauseMs: 100 };
  if (transient.has(code)) return { reason: `The database cannot do it now (${code}).` };
  const broken = !code.startsWith("ER_");
  return broken ? { reason: `The database does not answer (${code}).` } : undefined;
}

/** Returns the code of MySQL, mysql2 or the socket. Empty if the error does not come from the database. */
export function databaseErrorCode(error: unknown): string {
  const { code, sqlState, fatal } = error as { code?: unknown; sqlState?: unknown; fatal?: unknown };
  if (
    typeof code === "string" &&
    (sqlState !== undefined || fatal !== undefined || connectionCodes.test(code))
  ) {
    return code;
  }
  // mysql2 throws plain errors for a connection that was closed before the command.
  return /closed state|connection.*closed|Pool is closed/i.test(String((error as Error).message))
    ? "PROTOCOL_CONNECTION_LOST"
    : "";
}

const connectionCodes =
  /^(?:E[A-Z_]+|PROTOCOL_\w+|HANDSHAKE_\w+|ERR_(?:SSL|TLS)\w*|[A-Z_]*CERT[A-Z_]*|UNABLE_\w+)$/;

const isDatabaseError = (error: unknown): boolean => databaseErrorCode(error) !== "";
