import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, createConnection } from "mysql2/promise";
import { vaultServerUserData } from "../../../cloud-init/vault-server/user-data";
import { ChildProgram } from "../../../lib/processes/child-program";
import type { Progress } from "../../../lib/processes/progress";
import { VaultClient } from "../../../lib/vault-api/vault-client";
import type { VaultConnection } from "../../../lib/vault-api/vault-connection";
import { type Azure, startAzure } from "../../../sandbox/azure/azure";
import { CertificateAuthority } from "../../../sandbox/azure/server/certificate-authority";
import { findMySqlProgram } from "../../../sandbox/mysql/mysql-program";
import { MySqlServer } from "../../../sandbox/mysql/mysql-server";
import { withFreePort } from "../../../sandbox/programs/free-port";
import type { VaultResource } from "../../../sandbox/vault-config/vault-resource";
import { vaultServer } from "../../cloud-init/examples";
import { filesOf } from "../../cloud-init/machine";
import { capturedProgress } from "../../lib/processes/captured-progress";
import { deployer, tenantId, world } from "../azure/example-world";
import { vaultThere } from "../programs-there";
import { demoResources } from "./demo-resources";

const DEADLINE_MS = 30_000;
const ISSUER = `https://sts.windows.net/${tenantId}/`;
const AUDIENCE = "https://management.azure.com/";

/** Real Vaults in the state after first boot, a real database, and the stand-in for Azure. */
export class RunningSystem {
  private readonly stops: (() => Promise<unknown>)[] = [];

  private constructor(
    readonly folder: string,
    private readonly azure: Azure,
    private readonly authority: CertificateAuthority,
  ) {}

  /** The administrator's first password, which Key Vault would store. */
  readonly password = `first-${randomBytes(12).toString("hex")}`;
  private mysql?: MySqlServer;
  private keeper?: Connection;

  static async start(): Promise<RunningSystem> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "vault-config-test-")));
    const [azure, authority] = await Promise.all([
      startAzure(world, { print: () => {} }),
      CertificateAuthority.create(),
    ]);
    const system = new RunningSystem(folder, azure, authority);
    await writeFile(join(folder, "ca.pem"), azure.caPem + authority.pem);
    const { keyPem, certificatePem } = await authority.certificateFor("localhost");
    await writeFile(join(folder, "tls.crt"), certificatePem);
    await writeFile(join(folder, "tls.key"), keyPem, { mode: 0o600 });
    await system.startMySql();
    return system;
  }

  async stop(): Promise<void> {
    await this.keeper?.end();
    await Promise.all(this.stops.map((stop) => stop()));
    await this.mysql?.stop();
    await this.azure.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The resources of the stack vault-config. Vaults in a comparison write to the same audit log path. */
  resources(): VaultResource[] {
    return demoResources({
      database: `localhost:${this.mysql?.port}`,
      auditLog: join(this.folder, "audit.log"),
    });
  }

  /** Sets the password in Key Vault, as the stack mysql does for a higher password version. */
  async resetPassword(password = this.password): Promise<void> {
    await this.keeper?.query(`ALTER USER 'vaultadmin'@'%' IDENTIFIED BY '${password}'`);
  }

  /** Drops a user without Vault's knowledge. */
  async dropUser(name: string): Promise<void> {
    await this.keeper?.query(`DROP USER '${name}'@'%'`);
  }

  /** Returns true if a password still opens the database. */
  async opens(user: string, password: string): Promise<boolean> {
    try {
      await (await this.connect(user, password)).end();
      return true;
    } catch (error) {
      if ((error as { code?: string }).code === "ER_ACCESS_DENIED_ERROR") return false;
      throw error;
    }
  }

  /**
   * Starts a Vault in the state after first boot: initialized, with the deployers' mount, role and policy, and first
   * boot's audit device.
   */
  async startVault(name: string): Promise<RunningVault> {
    const folder = join(this.folder, name);
    await mkdir(folder);
    return withFreePort(async (port) => {
      const configuration = {
        storage: { inmem: {} },
        listener: {
          tcp: {
            address: `127.0.0.1:${port}`,
            tls_cert_file: join(this.folder, "tls.crt"),
            tls_key_file: join(this.folder, "tls.key"),
          },
        },
        api_addr: `https://localhost:${port}`,
        disable_mlock: true,
      };
      await writeFile(join(folder, "vault.json"), JSON.stringify(configuration));
      const program = await ChildProgram.start({
        name: "Vault",
        command: vaultThere() ?? "",
        args: ["server", `-config=${join(folder, "vault.json")}`],
        env: {
          PATH: process.env.PATH,
          HOME: folder,
          HTTPS_PROXY: this.azure.proxyUrlFor("vm-vault"),
          SSL_CERT_FILE: join(this.folder, "ca.pem"),
        },
        cwd: folder,
        logFile: join(folder, "vault.log"),
      });
      this.stops.push(() => program.stop());
      const jwt = this.azure.tokenForPerson(deployer, AUDIENCE);
      const connection = { address: `https://localhost:${port}`, caFile: join(this.folder, "ca.pem"), jwt };
      await program.until("Vault to answer", () => new VaultClient(connection).read("sys/init"), {
        deadlineMs: DEADLINE_MS,
      });
      return RunningVault.initialised(connection, folder);
    });
  }

  private async startMySql(): Promise<void> {
    const { progress } = capturedProgress();
    this.mysql = await MySqlServer.start({
      program: await findMySqlProgram({ progress: progress as Progress }),
      folder: join(this.folder, "mysql"),
      tls: {
        certificate: join(this.folder, "tls.crt"),
        key: join(this.folder, "tls.key"),
        ca: join(this.folder, "ca.pem"),
      },
      administrator: { name: "vaultadmin", password: this.password },
    });
    const administrator = await this.connect("vaultadmin", this.password);
    await administrator.query("CREATE DATABASE customers");
    await administrator.query("CREATE USER 'keeper'@'%' IDENTIFIED BY 'keeper'");
    await administrator.query("GRANT CREATE USER ON *.* TO 'keeper'@'%'");
    await administrator.end();
    this.keeper = await this.connect("keeper", "keeper");
  }

  private connect(user: string, password: string): Promise<Connection> {
    const ssl = { ca: this.authority.pem, rejectUnauthorized: true };
    return createConnection({ host: "127.0.0.1", port: this.mysql?.port, user, password, ssl });
  }
}

/** The deployers' policy, with this suite's database and audit log instead of Azure's. */
function policyHere(folder: string): string {
  const policy = filesOf(vaultServerUserData(vaultServer)).get("/etc/vault.d/deployer-policy.hcl") ?? "";
  return policy
    .replace("*.mysql.database.azure.com:3306)", "*)")
    .replace("/var/log/vault/memory/audit.log", join(folder, "../audit.log"));
}

/** A request in Vault's audit log. */
export interface AuditedRequest {
  readonly operation: string;
  readonly path: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

export class RunningVault {
  private constructor(
    /** The deployer's connection. */
    readonly connection: VaultConnection,
    /** A client with all rights. */
    readonly root: VaultClient,
    private readonly log: string,
  ) {}

  /** @param folder Vault's working folder. The audit log's path is relative to it, so that Vaults are comparable. */
  static async initialised(connection: VaultConnection, folder: string): Promise<RunningVault> {
    const nobody = new VaultClient(connection);
    const shares = { secret_shares: 1, secret_threshold: 1 };
    const init = await nobody.request({ method: "PUT", path: "sys/init", body: shares });
    await nobody.request({ method: "PUT", path: "sys/unseal", body: { key: (init["keys"] as string[])[0] } });
    nobody.close();
    const root = new VaultClient(connection, String(init["root_token"]));
    const put = (path: string, body: Record<string, unknown>) => root.request({ method: "PUT", path, body });
    await put("sys/audit/first-boot", {
      type: "file",
      options: { file_path: "first-boot.log", mode: "0600", log_raw: "true" },
    });
    await put("sys/auth/deployer", { type: "jwt" });
    await put("auth/deployer/config", { oidc_discovery_url: ISSUER, bound_issuer: ISSUER });
    await put("sys/policies/acl/deployer", { policy: policyHere(folder) });
    await put("auth/deployer/role/deployer", {
      role_type: "jwt",
      user_claim: "oid",
      bound_audiences: [AUDIENCE],
      bound_claims: { tid: tenantId, oid: [deployer] },
      token_policies: ["deployer"],
      token_ttl: "1h",
    });
    return new RunningVault(connection, root, join(folder, "first-boot.log"));
  }

  /** Returns the deployer's writes since line `from` of the log. */
  writes(from = 0): AuditedRequest[] {
    return this.lines()
      .slice(from)
      .map((line) => JSON.parse(line))
      .filter(
        ({ type, auth, request }) => type === "request" && auth?.policies?.includes("deployer") && request,
      )
      .map(({ request: { operation, path, data } }) => ({ operation, path, data }))
      .filter(
        ({ operation, path }) =>
          ["create", "update", "delete"].includes(operation) && !path.includes("auth/token/"),
      );
  }

  get logLength(): number {
    return this.lines().length;
  }

  private lines(): string[] {
    return existsSync(this.log) ? readFileSync(this.log, "utf8").trimEnd().split("\n") : [];
  }
}
