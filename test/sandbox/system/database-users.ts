import { type Connection, type ConnectionOptions, createConnection } from "mysql2/promise";
import { loadEnvironment } from "../../../environments/load";
import type { Environment } from "../../../environments/schema";
import { waitFor } from "../../../lib/processes/wait-for";
import { administratorOf, connectToDatabase, databaseHost, databaseName } from "./database-access";
import type { RunningSandbox } from "./running-sandbox";
import { LoggedInWorkload } from "./workloads";

interface Credentials {
  username: string;
  password: string;
  leaseId: string;
}

/** Seconds. A busy machine cannot follow shorter lives. */
const brief = { ttl: 2, maxTtl: 4 };

/** The demo with another role for the web app, whose users may create tables, and a role for the agents, whose users live for seconds. */
export function environmentOfDatabaseUsers(): Environment {
  const demo = loadEnvironment("demo");
  const [webApp, agent] = [demo.webApps[0], demo.agentVms[0]];
  if (!webApp || !agent) throw new Error("the demo has no web app or no agent VM");
  return {
    ...demo,
    databaseRoles: {
      ...demo.databaseRoles,
      tables: { privileges: ["CREATE", "SELECT"], defaultTtl: "5m", maxTtl: "5m" },
      brief: {
        privileges: ["SELECT", "INSERT", "UPDATE", "DELETE"],
        defaultTtl: `${brief.ttl}s`,
        maxTtl: `${brief.maxTtl}s`,
      },
    },
    webApps: [{ ...webApp, paths: [...webApp.paths, "database/creds/tables"] }],
    agentVms: [{ ...agent, databaseRole: "brief" }],
  };
}

/** @param running a system of the environment above */
export const databaseUsers = (running: RunningSandbox): void =>
  describe("Vault's database users", () => {
    const connections: Connection[] = [];
    let webApp: LoggedInWorkload;
    let database: string;

    beforeAll(async () => {
      webApp = await LoggedInWorkload.of(running.sandbox, "webapp");
      database = databaseName(running.sandbox);
      const tables = await connect(await credentials(webApp, "tables"), { database });
      await tables.query("CREATE TABLE notes (id INT PRIMARY KEY, text VARCHAR(20))");
    });
    afterAll(() => Promise.all(connections.map((connection) => connection.end().catch(() => {}))));

    it("connect over verified TLS", async () => {
      const user = await connect(await credentials(webApp, "long"));
      const [[row]] = (await user.query("SHOW SESSION STATUS LIKE 'Ssl_version'")) as unknown as [
        { Value: string }[],
      ];
      expect(row?.Value).toMatch(/^TLSv1\.[23]$/);
    });

    it("are refused without TLS by the server and by their own account, even with the right password", async () => {
      const { username, password } = await credentials(webApp, "long");
      const plain = createConnection({ host: databaseHost(running.sandbox), user: username, password });
      await expect(plain).rejects.toThrow(/Access denied|secure transport/);
      const user = await connect({ username, password });
      expect(JSON.stringify((await user.query("SHOW CREATE USER CURRENT_USER()"))[0])).toContain(
        "REQUIRE SSL",
      );
    });

    it("read and write the application's data", async () => {
      const user = await connect(await credentials(webApp, "long"), { database });
      await user.query("INSERT INTO notes VALUES (1, 'made')");
      await user.query("UPDATE notes SET text = 'changed' WHERE id = 1");
      expect((await user.query("SELECT text FROM notes"))[0]).toEqual([{ text: "changed" }]);
      await user.query("DELETE FROM notes");
      expect((await user.query("SELECT text FROM notes"))[0]).toEqual([]);
    });

    it.each([
      ["another schema", "CREATE DATABASE other"],
      ["the contents of another schema", "SELECT * FROM mysql.user"],
      ["the other users", "SELECT * FROM mysql.global_priv"],
      ["another user's password", "ALTER USER 'vaultadmin'@'%' IDENTIFIED BY 'x'"],
      ["a new table", "CREATE TABLE mine (id INT)"],
      ["a change of a table's columns", "ALTER TABLE notes ADD COLUMN more INT"],
      ["the end of a table", "DROP TABLE notes"],
      ["the end of all rows at once", "TRUNCATE TABLE notes"],
      ["an index", "CREATE INDEX more ON notes (text)"],
      ["a trigger", "CREATE TRIGGER t BEFORE INSERT ON notes FOR EACH ROW SET NEW.id = 1"],
      ["a procedure", "CREATE PROCEDURE p() SELECT 1"],
      ["a view", "CREATE VIEW v AS SELECT * FROM notes"],
      ["a file of the server", "SELECT LOAD_FILE('/etc/passwd') IS NULL AS refused"],
      ["a file on the server", "SELECT * FROM notes INTO OUTFILE '/tmp/vault-on-azure-stolen'"],
      ["a file into a table", "LOAD DATA INFILE '/etc/passwd' INTO TABLE notes"],
      ["a new user", "CREATE USER mine@'%' IDENTIFIED BY 'x'"],
      ["a grant", "GRANT SELECT ON *.* TO CURRENT_USER()"],
      ["the server's settings", "SET GLOBAL general_log = ON"],
      ["the end of the server", "SHUTDOWN"],
    ])("are refused %s: %s", async (_, statement) => {
      const user = await connect(await credentials(webApp, "long"), { database });
      const attempt = user.query(statement);
      // LOAD_FILE returns NULL without the right FILE.
      if (statement.includes("LOAD_FILE")) return expect(await attempt).toMatchObject([[{ refused: 1 }], {}]);
      await expect(attempt).rejects.toThrow(/denied/);
    });

    it("cannot end other users' connections, which continue", async () => {
      const other = await connect(await credentials(webApp, "tables"), { database });
      const [[row]] = (await other.query("SELECT CONNECTION_ID() AS id")) as unknown as [{ id: number }[]];
      const user = await connect(await credentials(webApp, "long"), { database });
      await expect(user.query(`KILL ${row?.id}`)).rejects.toThrow(/not owner of thread/);
      expect((await other.query("SELECT 1 AS one"))[0]).toEqual([{ one: 1 }]);
    });

    it("see only their own schema", async () => {
      const user = await connect(await credentials(webApp, "long"));
      const [rows] = (await user.query("SHOW DATABASES")) as unknown as [{ Database: string }[]];
      const own = rows
        .map((row) => row.Database)
        .filter((name) => !/^(information|performance)_schema$/.test(name));
      expect(own).toEqual([database]);
    });

    it("are different for each request", async () => {
      const [one, other] = [await credentials(webApp, "long"), await credentials(webApp, "long")];
      expect(one.username).not.toBe(other.username);
      expect(one.password).not.toBe(other.password);
    });

    it("stop working after a deployer revoked them, and other roles' users still work", async () => {
      const user = await credentials(webApp, "long");
      const other = await credentials(webApp, "tables");
      const deployer = await running.deployer();
      await deployer.request({
        method: "PUT",
        path: "sys/leases/revoke-prefix/database/creds/long",
        body: { sync: true },
      });
      await expect(connect(user)).rejects.toThrow("Access denied");
      await connect(other);
    });

    it("stop working after their lifetime, and a renewal does not extend the maximum", async () => {
      const agent = await LoggedInWorkload.of(running.sandbox, "agent");
      const made = Date.now();
      const [left, renewed] = [await credentials(agent, "brief"), await credentials(agent, "brief")];
      await Promise.all([connect(left), connect(renewed)]);
      const renewal = await agent.ask("PUT sys/leases/renew", { lease_id: renewed.leaseId, increment: 60 });
      expect(renewal.body.lease_duration).toBeLessThanOrEqual(brief.maxTtl);
      await untilRefused(left);
      expect(Date.now() - made).toBeGreaterThanOrEqual(brief.ttl * 1000 - 500);
      await untilRefused(renewed);
    });

    it("are the only way in, because the administrator's password from Key Vault no longer opens MySQL", async () => {
      const administrator = administratorOf(running.sandbox);
      expect(administrator.password.length).toBeGreaterThanOrEqual(20);
      await expect(connect(administrator)).rejects.toThrow("Access denied");
    });

    async function credentials(workload: LoggedInWorkload, role: string): Promise<Credentials> {
      const { status, errors, body } = await workload.ask(`GET database/creds/${role}`);
      if (status !== 200) throw new Error(`Vault refused credentials with ${status}: ${errors}`);
      return { ...body.data, leaseId: body.lease_id };
    }

    async function connect(
      user: Pick<Credentials, "username" | "password">,
      options: ConnectionOptions = {},
    ): Promise<Connection> {
      const connection = await connectToDatabase(running.sandbox, user, options);
      connections.push(connection);
      return connection;
    }

    function untilRefused(user: Credentials): Promise<unknown> {
      return waitFor(
        `MySQL to refuse ${user.username}`,
        () =>
          connect(user).then(
            () => false,
            () => true,
          ),
        {
          deadlineMs: 20_000,
        },
      );
    }
  });
