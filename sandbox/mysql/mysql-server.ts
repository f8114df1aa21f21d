import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { access, chmod, copyFile, cp, mkdir, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import { ChildProgram } from "../../lib/processes/child-program";
import { Guardian } from "../../lib/processes/guardian";
import { lastLines, runProgram } from "../../lib/processes/run-program";
import { UserError } from "../../lib/processes/user-error";
import { withFreePort } from "../programs/free-port";
import { prepared } from "../programs/prepared";
import { cacheFolder } from "../programs/program-cache";
import { administratorSql, type MySqlAdministrator } from "./mysql-administrator";
import { type MySqlOptions, writeOptionsFile } from "./mysql-options-file";
import type { MySqlProgram } from "./mysql-program";

export interface MySqlServerOptions {
  readonly program: MySqlProgram;
  /** The server's own folder for data, sockets, logs and options. Existing data is used again. */
  readonly folder: string;
  /** Paths of PEM files, and the certificate's name (or localhost). */
  readonly tls: {
    readonly certificate: string;
    readonly key: string;
    readonly ca: string;
    readonly serverName?: string;
  };
  /** Created at the first start, for host '%'. Existing data keeps its accounts. */
  readonly administrator: MySqlAdministrator;
  /** The loopback address to listen on. Default: 127.0.0.1. */
  readonly host?: string;
  /** The port. Default: a free one. */
  readonly port?: number;
  /** Statements that take longer go to the slow query log. Default: 1. */
  readonly slowQuerySeconds?: number;
  /** Milliseconds until a start counts as failed. Default: 60 000. */
  readonly deadlineMs?: number;
}

/** The slow query log in the server's folder. */
const SLOW_LOG = "slow.log";
/** Disk space for the first start, with a margin. */
const NEEDED_BYTES = 200_000_000;
/** Exists in the server's folder after the administrator's first login. Without it, the data is incomplete. */
const READY = "ready";

/**
 * A private MySQL or MariaDB: its own data, only loopback, only TLS, no file access for clients (local_infile off).
 * It runs as the user who starts it. If this is root, the server needs an extra option.
 */
export class MySqlServer {
  readonly host: string;

  private constructor(
    readonly port: number,
    readonly program: ChildProgram,
    private readonly options: MySqlServerOptions,
  ) {
    this.host = hostOf(options);
  }

  /** @throws UserError with the server's last log lines, which never contain the password */
  static async start(options: MySqlServerOptions): Promise<MySqlServer> {
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    await copyCertificate(options);
    const launch = (port: number): Promise<MySqlServer> => MySqlServer.launch(options, port);
    return options.port === undefined ? withFreePort(launch, hostOf(options)) : launch(options.port);
  }

  get slowLog(): string {
    return join(this.options.folder, SLOW_LOG);
  }

  async stop(): Promise<void> {
    await this.program.stop({ deadlineMs: 30_000 });
  }

  async kill(): Promise<void> {
    await this.program.kill();
  }

  /** Stops the server if it runs, starts it again on the same port, and waits until it answers. */
  async restart(): Promise<void> {
    await this.program.restart({ deadlineMs: 30_000 });
    await this.answers();
  }

  private static async launch(options: MySqlServerOptions, port: number): Promise<MySqlServer> {
    const { folder, administrator } = options;
    const first = !(await exists(join(folder, READY)));
    const initFile = join(folder, "init.sql");
    const configuration = configurationOf(options, port);
    if (first) await initialiseData(options, configuration);
    try {
      if (first) await writeFile(initFile, administratorSql(administrator), { mode: 0o600 });
      await writeOptionsFile(
        optionsFile(folder),
        first ? { ...configuration, init_file: initFile, slow_query_log: "OFF" } : configuration,
      );
      const server = new MySqlServer(port, await startProgram(options, port), options);
      try {
        await server.answers();
        if (first) await server.administratorLogsIn();
      } catch (error) {
        await server.kill();
        throw error;
      }
      // A restart reads this file. It contains nothing from the first start.
      await writeOptionsFile(optionsFile(folder), configuration);
      await writeFile(join(folder, READY), "", { mode: 0o600 });
      return server;
    } finally {
      await rm(initFile, { force: true });
    }
  }

  /** Waits for the greeting, which a server sends when it accepts connections. */
  private async answers(): Promise<void> {
    const { deadlineMs = 60_000 } = this.options;
    await this.program.until(
      `${this.program.name} to answer on port ${this.port}`,
      () => greeting(this.host, this.port),
      {
        deadlineMs,
      },
    );
  }

  private async administratorLogsIn(): Promise<void> {
    const { administrator, tls, deadlineMs = 60_000 } = this.options;
    const ca = await readFile(tls.ca, "utf8");
    await this.program.until(
      `${this.program.name}'s administrator to log in over TLS`,
      async () => {
        const connection = await createConnection({
          host: tls.serverName ?? "localhost", // checked against the certificate; the stream decides the address
          stream: () => connect(this.port, this.host),
          user: administrator.name,
          password: administrator.password,
          ssl: { ca, minVersion: "TLSv1.2", rejectUnauthorized: true, verifyIdentity: true },
          connectTimeout: 10_000,
        });
        await connection.end();
        return true;
      },
      { deadlineMs },
    );
  }
}

function hostOf({ host = "127.0.0.1" }: MySqlServerOptions): string {
  return host;
}

function optionsFile(folder: string): string {
  return join(folder, "server.cnf");
}

/** In a container, loopback is the container's own. Docker publishes the port only on the host's loopback. */
function configurationOf(options: MySqlServerOptions, port: number): MySqlOptions {
  const { program, folder, slowQuerySeconds = 1 } = options;
  return {
    datadir: join(folder, "data"),
    tmpdir: join(folder, "tmp"),
    pid_file: join(folder, "server.pid"),
    // Relative to datadir: a socket's path can have only 103 bytes (macOS), and some temporary folders need more.
    socket: program.container ? "/tmp/mysqld.sock" : "server.sock",
    port,
    bind_address: program.container ? "0.0.0.0" : hostOf(options),
    skip_name_resolve: null,
    ssl_cert: join(folder, "certificate.pem"),
    ssl_key: join(folder, "key.pem"),
    tls_version: "TLSv1.2,TLSv1.3",
    require_secure_transport: "ON",
    local_infile: "OFF",
    secure_file_priv: join(folder, "no-files"),
    skip_log_bin: null,
    slow_query_log: "ON",
    slow_query_log_file: join(folder, SLOW_LOG),
    long_query_time: slowQuerySeconds,
    character_set_server: "utf8mb4",
    default_time_zone: "+00:00",
    performance_schema: "OFF",
    innodb_buffer_pool_size: "64M",
    ...(program.flavour === "mysql" ? { mysqlx: "OFF" } : {}),
  };
}

async function copyCertificate({ folder, tls }: MySqlServerOptions): Promise<void> {
  for (const [from, to] of [
    [tls.certificate, "certificate.pem"],
    [tls.key, "key.pem"],
  ] as const) {
    await copyFile(from, join(folder, to)).catch((error: Error) => {
      throw new UserError(`Cannot read MySQL's certificate or key (${error.message}). Create it again.`);
    });
    await chmod(join(folder, to), 0o600);
  }
}

/**
 * Creates the data, or copies data that another sandbox has created. The system tables are the same in each. MariaDB's stay in the cache:
 * they hold no password and no key. MySQL creates keys with its tables.
 */
async function initialiseData(options: MySqlServerOptions, configuration: MySqlOptions): Promise<void> {
  const { program, folder } = options;
  const data = join(folder, "data");
  await rm(data, { recursive: true, force: true });
  for (const name of ["data", "tmp", "no-files"])
    await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
  let isNew = false;
  const create = async () => {
    isNew = true;
    await createData(options, configuration);
  };
  const shared =
    process.env["SANDBOX_PREPARED"] ?? (program.flavour === "mariadb" ? await cache() : undefined);
  const others = await prepared(
    `${program.flavour}-${program.version}-data`,
    async (path) => {
      await create();
      await cp(data, path, { recursive: true });
    },
    shared,
  );
  if (others === undefined) await create();
  else if (!isNew) await cp(others, data, { recursive: true });
}

/** The cache's folder, if this user can write to it. */
async function cache(): Promise<string | undefined> {
  const folder = join(cacheFolder(), "prepared");
  return mkdir(folder, { recursive: true, mode: 0o700 })
    .then(() => access(folder, constants.W_OK))
    .then(
      () => folder,
      () => undefined,
    );
}

/** Creates the system tables. This takes 1 to 5 s. */
async function createData(options: MySqlServerOptions, configuration: MySqlOptions): Promise<void> {
  const { program, folder } = options;
  const { init_file: _none, ...rest } = configuration;
  await writeOptionsFile(optionsFile(folder), {
    ...rest,
    slow_query_log: "OFF",
    // The server makes the log as large as it needs it. 96 MB would be the largest part of a copy.
    ...(program.flavour === "mariadb" ? { innodb_log_file_size: "4M" } : {}),
  });
  const initialise =
    program.flavour === "mariadb" && program.installer
      ? {
          command: program.installer,
          args: [
            `--defaults-file=${optionsFile(folder)}`,
            "--auth-root-authentication-method=socket",
            "--auth-root-socket-user=root",
            "--skip-name-resolve",
            "--skip-test-db",
            ...asRoot(),
          ],
        }
      : command(options, ["--initialize-insecure"]);
  const { code, stdout, stderr } = await runProgram({
    ...initialise,
    env: environment(options),
    cwd: folder,
    deadlineMs: options.deadlineMs ?? 60_000,
  });
  if (code === 0) return;
  const said = stdout + stderr;
  if (/no space left|errno: 28|error: 28/i.test(said) || (await freeBytes(folder)) < NEEDED_BYTES) {
    throw new UserError(
      `No disk space is left in ${folder}. The database needs about 200 MB. Free some space and try again.`,
    );
  }
  throw new UserError(
    `${nameOf(program)} could not create its data in ${folder}. On Ubuntu, AppArmor may confine mysqld to /var/lib/mysql ` +
      `and /tmp, so put the state below /tmp. MySQL said: ${lastLines(said, 4)}`,
  );
}

/** InnoDB does not always report a full disk as the cause. */
async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

async function startProgram(options: MySqlServerOptions, port: number): Promise<ChildProgram> {
  return ChildProgram.start({
    name: nameOf(options.program),
    ...command(options, [], port),
    env: environment(options),
    cwd: options.folder,
    logFile: join(options.folder, "server.log"),
  });
}

/** Returns the command that runs the server, in its container if it has one. */
function command(options: MySqlServerOptions, args: readonly string[], port?: number) {
  const { program, folder } = options;
  const { server, container } = program;
  const serverArgs = [`--defaults-file=${optionsFile(folder)}`, ...args];
  if (!container) return { command: server, args: [...serverArgs, ...asRoot()] };
  const name = `vault-on-azure-mysql-${randomBytes(6).toString("hex")}`;
  void Guardian.ofContainer(name);
  return {
    command: container.docker,
    args: [
      ...["run", "--rm", "--name", name, "--volume", `${folder}:${folder}`, "--entrypoint", server],
      ...["--user", `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`, "--cap-drop", "ALL"],
      ...(port === undefined ? ["--network", "none"] : ["--publish", `${hostOf(options)}:${port}:${port}`]),
      container.image,
      ...serverArgs,
      ...asRoot(),
    ],
  };
}

/** Allows root, which mysqld and mariadbd refuse by default. */
function asRoot(): string[] {
  return process.getuid?.() === 0 ? ["--user=root"] : [];
}

function environment({ program, folder }: MySqlServerOptions): NodeJS.ProcessEnv {
  const { PATH, HOME, DOCKER_HOST } = process.env;
  if (program.container) return { PATH, HOME, DOCKER_HOST };
  return { PATH: `${PATH ?? ""}:/usr/sbin:/usr/bin:/bin`, HOME: folder, LC_ALL: "C" };
}

function nameOf({ flavour }: MySqlProgram): string {
  return flavour === "mysql" ? "MySQL" : "MariaDB";
}

function greeting(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: 5_000 });
    socket.once("data", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("timeout", () => socket.destroy(new Error("it accepts connections but sends nothing")));
    socket.once("error", reject);
    socket.once("end", () => reject(new Error("it closed the connection")));
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
