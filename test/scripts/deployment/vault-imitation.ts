import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** The Vault token that a login returns. */
export const vaultToken = "hvs.the-deployers-vault-token";

/** The certificate and the key of all Vaults of a suite. They take longer than the rest of a start. */
let own: string[] | undefined;

/** Imitates a Vault and a web app on one port of loopback, with a self-signed certificate. */
export class VaultImitation {
  /** Statuses that sys/health answers, one after the other; the last one stays. */
  health = [200];
  /** Answers of the login, one after the other; the last one stays. */
  login: { status: number; errors?: string[] }[] = [{ status: 200 }];
  webApp = 200;
  /** The answer of sys/seal-status. */
  status = { initialized: true, sealed: false, version: "2.2.2", type: "azurekeyvault" };
  /** Nodes that autopilot knows, and whether they are healthy. */
  nodes: Record<string, boolean> = { "vault-1": true };
  /** The answer of sys/host-info, but only its disks: how full each folder's disk is. */
  disks: Record<string, number> = { "/": 31.4, "/boot": 97, "/var/lib/vault": 12.6 };
  /** Paths that Vault refuses to deployers. */
  refused: string[] = [];
  /** Gauges of sys/metrics. */
  gauges: Record<string, number> = {
    "vault.expire.num_leases": 17,
    "vault.expire.num_irrevocable_leases": 0,
  };
  /** Leases that Vault gave up. */
  givenUp: { lease_id: string }[] = [];
  /** The reason why Vault can revoke no lease. */
  leaseProblem?: string;
  leaseStatus = 400;
  /** Runs when somebody removes the database engine whose first removal stopped half way. */
  onRemoval?: () => void;
  /** Raft's nodes, which a deployer can remove, and autopilot's answers about them at each look, if a test needs more than `nodes`. */
  members: string[] = [];
  autopilot?: (members: readonly string[]) => object;
  /** The status of a request that removes a node. */
  removal = 204;
  readonly requests: string[] = [];
  private readonly server: Server;

  private constructor(
    readonly certificateFile: string,
    keyFile: string,
  ) {
    const tls = { cert: readFileSync(certificateFile), key: readFileSync(keyFile) };
    this.server = createServer(tls, (request, response) => {
      let sent = "";
      request.on("data", (chunk) => {
        sent += chunk;
      });
      request.on("end", () => {
        this.requests.push(`${request.method} ${request.url}`);
        const [status, body] = this.answer(request.url ?? "", request.method ?? "", sent);
        response.writeHead(status, { "Content-Type": "application/json" }).end(body && JSON.stringify(body));
      });
    });
  }

  static async start(folder: string): Promise<VaultImitation> {
    const [certificate, key] = [join(folder, "vault-server.pem"), join(folder, "vault-server.key")];
    if (!own) {
      selfSigned(certificate, key);
      own = [certificate, key].map((file) => readFileSync(file, "utf8"));
    }
    for (const [index, file] of [certificate, key].entries()) writeFileSync(file, own[index] ?? "");
    const vault = new VaultImitation(certificate, key);
    await new Promise<void>((resolve) => vault.server.listen(0, "127.0.0.1", resolve));
    return vault;
  }

  get address(): string {
    return `https://localhost:${(this.server.address() as AddressInfo).port}`;
  }

  get certificate(): string {
    return readFileSync(this.certificateFile, "utf8");
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private answer(url: string, method: string, sent: string): [number, object?] {
    if (this.onRemoval && url.startsWith("/v1/database/roles"))
      return [404, { errors: ['no handler for route "database/roles/". route entry is tainted.'] }];
    if (url === "/v1/sys/mounts/database" && method === "DELETE") {
      this.onRemoval?.();
      this.onRemoval = undefined;
      return [204];
    }
    if (url === "/v1/sys/seal-status") return [200, this.status];
    if (url === "/v1/sys/leader")
      return [200, { leader_address: this.address, active_time: "2026-11-26T03:00:00Z" }];
    if (url === "/v1/sys/audit") return [200, { data: { "first-boot/": {}, "file/": {} } }];
    if (this.refused.includes(url)) return [403, { errors: ["permission denied"] }];
    if (url === "/v1/sys/host-info") {
      const disk = Object.entries(this.disks).map(([path, usedPercent]) => ({ path, usedPercent }));
      return [200, { data: { disk } }];
    }
    if (url === "/v1/sys/metrics") {
      const gauges = Object.entries(this.gauges).map(([Name, Value]) => ({ Name, Value, Labels: {} }));
      return [200, { Timestamp: "2026-11-26 03:00:00 +0000 UTC", Gauges: gauges }];
    }
    if (this.autopilot && url.startsWith("/v1/sys/storage/raft/")) return this.answerOfRaft(url, sent);
    if (url === "/v1/sys/storage/raft/autopilot/state") {
      const seen = { node_status: "alive", last_contact: "0s", last_index: 1, version: "2.2.2" };
      const servers = Object.entries(this.nodes).map(([id, healthy]) => [
        id,
        { healthy, status: "voter", ...seen },
      ]);
      return [200, { data: { leader: "vault-1", servers: Object.fromEntries(servers) } }];
    }
    if (method === "GET" && /^\/v1\/(?:auth\/\w+\/role|sys\/policies\/acl)\//.test(url))
      return [404, { errors: [] }];
    if (url === "/healthz") return [this.webApp];
    if (url === "/v1/sys/health") return [next(this.health), {}];
    if (url === "/v1/auth/deployer/login") {
      const { status, errors } = next(this.login);
      return [status, errors ? { errors } : { auth: { client_token: vaultToken } }];
    }
    if (url.startsWith("/v1/database/roles") && !url.includes("roles/"))
      return [200, { data: { keys: ["short"] } }];
    if (url.startsWith("/v1/sys/leases?")) return [200, { data: { leases: this.givenUp } }];
    if (url.startsWith("/v1/sys/leases/") && this.leaseProblem)
      return [this.leaseStatus, { errors: [this.leaseProblem] }];
    return [204];
  }

  private answerOfRaft(url: string, sent: string): [number, object] {
    if (url.endsWith("/autopilot/state")) return [200, { data: this.autopilot?.(this.members) }];
    if (url.endsWith("/configuration"))
      return [200, { data: { config: { servers: this.members.map((node_id) => ({ node_id })) } } }];
    if (this.removal !== 204) return [this.removal, { errors: ["permission denied"] }];
    const { server_id } = JSON.parse(sent);
    this.requests.push(`removed ${server_id}`);
    this.members = this.members.filter((node) => node !== server_id);
    return [200, {}];
  }
}

/** Creates a certificate for a name, in files. */
export function selfSigned(certificateFile: string, keyFile: string, name = "localhost", days = 2): void {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", keyFile];
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`, "-days", String(days)];
  execFileSync("openssl", ["req", "-x509", ...key, ...subject, "-out", certificateFile], { stdio: "ignore" });
}

function next<T>(answers: T[]): T {
  return (answers.length > 1 ? answers.shift() : answers[0]) as T;
}
