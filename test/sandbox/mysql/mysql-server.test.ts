import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Connection,
  type ConnectionOptions,
  createConnection,
  type RowDataPacket,
} from "mysql2/promise";
import { identityOf } from "../../../lib/processes/process-identity";
import { waitFor } from "../../../lib/processes/wait-for";
import type { MySqlProgram } from "../../../sandbox/mysql/mysql-program";
import { MySqlServer, type MySqlServerOptions } from "../../../sandbox/mysql/mysql-server";
import { runScript } from "../../lib/processes/script";
import { describeUnless } from "../programs-there";
import { certificateFor } from "./certificate";

jest.setTimeout(60_000); // creating a database's files takes seconds

const folder = realpathSync(mkdtempSync(join(tmpdir(), "programs-test-mysql-")));
const tls = certificateFor(folder);
/** Contains quotes, backslash and an options file's comment sign on purpose. */
const password = `${randomBytes(12).toString("hex")}'"\\ #;`;
const administrator = { name: "vaultadmin", password };
const servers: MySqlServer[] = [];

afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
  rmSync(folder, { recursive: true, force: true });
});

/** MySQL or MariaDB of this machine, found synchronously in the module's first place. */
const installed = ((): MySqlProgram | undefined => {
  const script = `command -v mysqld || command -v mariadbd; command -v mariadb-install-db || command -v mysql_install_db`;
  const env = { PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` };
  try {
    const [server = "", installer] = execFileSync("/bin/sh", ["-c", script], { env, encoding: "utf8" }).split(
      "\n",
    );
    const text = execFileSync(server, ["--no-defaults", "--version"], { encoding: "utf8" });
    const flavour = text.includes("MariaDB") ? "mariadb" : "mysql";
    return { flavour, version: "as found", origin: "PATH", server, installer: installer || undefined };
  } catch {
    return undefined;
  }
})();
const reason = installed ? undefined : "found no MySQL or MariaDB; run `sudo apt-get install mariadb-server`";

const optionsFor = (name: string, more: Partial<MySqlServerOptions> = {}): MySqlServerOptions => ({
  program: installed as MySqlProgram,
  folder: join(folder, name),
  tls,
  administrator,
  ...more,
});

async function start(name: string, more: Partial<MySqlServerOptions> = {}): Promise<MySqlServer> {
  const server = await MySqlServer.start(optionsFor(name, more));
  servers.push(server);
  return server;
}

function login(server: MySqlServer, more: ConnectionOptions = {}): Promise<Connection> {
  return createConnection({
    host: "localhost",
    stream: () => connect(server.port, server.host),
    user: administrator.name,
    password,
    ssl: { ca: readFileSync(tls.ca, "utf8"), rejectUnauthorized: true, verifyIdentity: true },
    ...more,
  });
}

async function rows(connection: Connection, sql: string): Promise<RowDataPacket[]> {
  const [result] = await connection.query<RowDataPacket[]>(sql);
  return result;
}

describeUnless(reason, "A private MySQL", () => {
  let server: MySqlServer;
  let admin: Connection;
  beforeAll(async () => {
    server = await start("one");
    admin = await login(server);
  });
  afterAll(async () => {
    await admin?.end();
  });

  it("uses TLS 1.2 or newer with the given certificate", async () => {
    const [row] = await rows(admin, "SHOW STATUS LIKE 'Ssl_version'");
    expect(row?.["Value"]).toMatch(/^TLSv1\.[23]$/);
    await expect(login(server, { ssl: { minVersion: "TLSv1", maxVersion: "TLSv1.1" } })).rejects.toThrow();
  });

  it("is refused by a client that trusts another CA", async () => {
    const others = certificateFor(mkdtempSync(join(folder, "other-ca-")));
    const ssl = { ca: readFileSync(others.ca, "utf8"), rejectUnauthorized: true };
    await expect(login(server, { ssl })).rejects.toThrow(/certificate|signature/);
  });

  it("refuses a connection without TLS", async () => {
    // MySQL names the transport. MariaDB 10.11 denies access, although the same password works over TLS.
    await expect(login(server, { ssl: undefined })).rejects.toThrow(/insecure transport|Access denied/i);
  });

  it("has its administrator at host '%' with Azure's rights, and no other account for people", async () => {
    expect((await rows(admin, "SELECT CURRENT_USER() AS me"))[0]?.["me"]).toBe("vaultadmin@%");
    const grants = JSON.stringify(await rows(admin, "SHOW GRANTS"));
    expect(grants).toContain("CREATE USER");
    expect(grants).toContain("WITH GRANT OPTION");
    expect(grants).not.toMatch(/ALL PRIVILEGES|SUPER|\bFILE\b/);
    const users = await rows(admin, "SELECT CONCAT(User, '@', Host) AS account FROM mysql.user");
    const system = [
      "mariadb.sys@localhost",
      "mysql.infoschema@localhost",
      "mysql.session@localhost",
      "mysql.sys@localhost",
    ];
    expect(users.map((it) => it["account"]).filter((it) => !system.includes(it))).toEqual(["vaultadmin@%"]);
  });

  it("can create users, admit them, and drop them, as Vault does", async () => {
    await admin.query("CREATE DATABASE shop");
    await admin.query("CREATE USER 'v-app'@'%' IDENTIFIED BY 'made-by-vault'");
    await admin.query("GRANT SELECT ON shop.* TO 'v-app'@'%'");
    const app = await login(server, { user: "v-app", password: "made-by-vault", database: "shop" });
    await expect(app.query("CREATE TABLE t (a INT)")).rejects.toThrow(/denied/);
    await app.end();
    await admin.query("REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'v-app'@'%'");
    await admin.query("DROP USER 'v-app'@'%'");
    await expect(login(server, { user: "v-app", password: "made-by-vault" })).rejects.toThrow(/denied/);
  });

  it("does not read files for clients", async () => {
    const variables = await rows(
      admin,
      "SHOW VARIABLES WHERE Variable_name IN ('local_infile','secure_file_priv','require_secure_transport')",
    );
    const values = Object.fromEntries(variables.map((it) => [it["Variable_name"], it["Value"]]));
    expect(values).toMatchObject({ local_infile: "OFF", require_secure_transport: "ON" });
    expect(values["secure_file_priv"]).toContain("no-files");
  });

  it("writes slow statements to its slow query log", async () => {
    await admin.query("SET SESSION long_query_time = 0");
    await admin.query("SELECT 'a slow one'");
    await waitFor("the slow log", () => readFileSync(server.slowLog, "utf8").includes("a slow one"), {
      deadlineMs: 5000,
    });
  });

  it("listens only on loopback", async () => {
    const others = Object.values(networkInterfaces()).flatMap((it) => it ?? []);
    for (const { address } of others.filter((it) => !it.internal && it.family === "IPv4")) {
      const socket = connect({ host: address, port: server.port });
      const [error] = await once(socket, "error");
      expect(error.code).toBe("ECONNREFUSED");
    }
  });

  it("leaves the password in no file, log or argument", () => {
    const names = readdirSync(join(folder, "one"), { recursive: true, encoding: "utf8" });
    expect(names).not.toContain("init.sql");
    for (const name of names) {
      const path = join(folder, "one", name);
      if (!statSync(path).isFile()) continue;
      const content = readFileSync(path);
      expect({ name, found: content.includes(password) || content.includes(password.slice(0, 24)) }).toEqual({
        name,
        found: false,
      });
    }
    expect(execFileSync("ps", ["-A", "-o", "args="], { encoding: "utf8" })).not.toContain(
      password.slice(0, 24),
    );
  });

  it("runs next to another one, independently", async () => {
    const two = await start("two");
    expect(two.port).not.toBe(server.port);
    const other = await login(two);
    expect(JSON.stringify(await rows(other, "SHOW DATABASES"))).not.toContain("shop");
    await other.end();
    await two.stop();
  });

  it("leaves no process after a stop, and has its data after a new start", async () => {
    const three = await start("three");
    const connection = await login(three);
    await connection.query("CREATE DATABASE kept");
    await connection.end();
    const pid = three.program.pid as number;
    await three.stop();
    expect(identityOf(pid)).toBeUndefined();

    const again = await start("three", { administrator: { ...administrator, password: "not asked for" } });
    const later = await login(again);
    expect(JSON.stringify(await rows(later, "SHOW DATABASES"))).toContain("kept");
    await later.end();
    await again.stop();
  });

  it("restarts after a crash on the same port", async () => {
    const crashed = await start("four");
    await crashed.kill();
    await crashed.restart();
    const connection = await login(crashed);
    await connection.end();
    await crashed.stop();
  });

  it("creates its data again after an interrupted first start", async () => {
    const first = await start("five");
    await first.kill();
    rmSync(join(folder, "five", "ready"));
    writeFileSync(join(folder, "five", "data", "ibdata1"), "half made");
    const again = await start("five");
    await (await login(again)).end();
    await again.stop();
  });

  it("reports a taken port if the caller chose the port", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    await expect(start("six", { port })).rejects.toThrow(/address already in use/i);
    taken.close();
  });

  it("reports an unreadable certificate", async () => {
    await expect(start("seven", { tls: { ...tls, key: "/nowhere.pem" } })).rejects.toThrow(
      /Cannot read MySQL's certificate or key \(ENOENT/,
    );
  });

  it("ends after kill -9 of the sandbox, in the middle of its work", async () => {
    const script = runScript(
      folder,
      `import { MySqlServer } from "@project/sandbox/mysql/mysql-server";
       MySqlServer.start(JSON.parse(process.env.OPTIONS ?? "")).then((server) => console.log("up " + server.program.pid));
       setInterval(() => {}, 1000);`,
      { OPTIONS: JSON.stringify(optionsFor("eight")) },
    );
    const pid = Number(await script.line("up"));
    expect(identityOf(pid)).toBeDefined();
    script.child.kill("SIGKILL");
    await waitFor("the server to be gone", () => !identityOf(pid), { deadlineMs: 10_000 });
  });
});
