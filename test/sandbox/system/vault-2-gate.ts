import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import type { Sandbox } from "../../../sandbox/system/sandbox";
import { localConnection, rootTokenBy, storedKeys } from "./first-boots";

/** Endpoints that need a token in Vault 2.x, and no token in older versions. Source: Vault 2.x, "Important changes". */
const recoveryEndpoints = /^\/v1\/(sys\/(?:generate-root|rekey|rekey-recovery-key)\/\w+)$/;

const capabilities: Readonly<Record<string, string>> = {
  GET: "read",
  PUT: "update",
  POST: "update",
  DELETE: "delete",
};

/**
 * The real Vault behind a gate that behaves like 2.x at the recovery endpoints: it requires a token whose policies allow the path. The gate
 * asks Vault itself, with its own root token at sys/capabilities. It serves HTTP on loopback, for tests.
 */
export class Vault2Gate {
  private constructor(
    private readonly server: Server,
    private readonly sandbox: Sandbox,
    private readonly rootToken: string,
  ) {}

  static async start(sandbox: Sandbox): Promise<Vault2Gate> {
    const { recovery_keys_base64: keys, recovery_threshold: threshold } = storedKeys(sandbox);
    const rootToken = await rootTokenBy(sandbox, keys.slice(0, threshold));
    const server = createServer((request, response) => void gate.handle(request, response));
    const gate = new Vault2Gate(server, sandbox, rootToken ?? "");
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return gate;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    await this.forward("POST", "/v1/auth/token/revoke-self", this.rootToken, Buffer.alloc(0));
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const token = String(headers["x-vault-token"] ?? "");
    const path = recoveryEndpoints.exec(url)?.[1];
    if (path !== undefined && !(await this.mayUse(token, path, method))) {
      response.writeHead(403, { "Content-Type": "application/json" });
      response.end('{"errors":["permission denied"]}');
      return;
    }
    const answer = await this.forward(method, url, token, Buffer.concat(chunks));
    response.writeHead(answer.status, { "Content-Type": "application/json" });
    response.end(answer.text);
  }

  private async mayUse(token: string, path: string, method: string): Promise<boolean> {
    if (token === "") return false;
    const body = Buffer.from(JSON.stringify({ token, paths: [path] }));
    const { status, text } = await this.forward("POST", "/v1/sys/capabilities", this.rootToken, body);
    if (status !== 200) return false;
    const granted = (JSON.parse(text) as { data: Record<string, string[]> }).data[path] ?? [];
    return granted.includes("root") || granted.includes(capabilities[method] ?? "");
  }

  private forward(
    method: string,
    path: string,
    token: string,
    body: Buffer,
  ): Promise<{ status: number; text: string }> {
    const { address, caFile, tlsServerName } = localConnection(this.sandbox);
    const { hostname: host, port } = new URL(address);
    return new Promise((resolve, reject) => {
      const headers = {
        ...(token ? { "X-Vault-Token": token } : {}),
        "X-Vault-Request": "true",
        "Content-Length": body.length,
      };
      const options = {
        host,
        port,
        method,
        path,
        headers,
        servername: tlsServerName,
        ca: readFileSync(caFile),
      };
      const asked = https.request(options, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (chunk) => {
          text += chunk;
        });
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
      });
      asked.on("error", reject);
      asked.end(body);
    });
  }
}
