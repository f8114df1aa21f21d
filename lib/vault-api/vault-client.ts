import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { isIP } from "node:net";
import { text } from "node:stream/consumers";
import { connect, type TLSSocket } from "node:tls";
import { codeOf, messageOf, UserError } from "../processes/user-error";
import { DEPLOYER_LOGIN, type VaultConnection } from "./vault-connection";

export type VaultMethod = "GET" | "LIST" | "PUT" | "POST" | "DELETE";

export interface VaultRequest {
  readonly method: VaultMethod;
  /** The path without /v1/. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** An answer's `data`, or the whole answer if it has none. */
type VaultData = Readonly<Record<string, unknown>>;

/** Vault refused a request. */
export class VaultRefusal extends UserError {
  override readonly name = "VaultRefusal";

  constructor(
    { method, path }: VaultRequest,
    readonly status: number,
    /** Vault's own error messages. */
    readonly errors: readonly string[],
  ) {
    super(`Vault refused ${method} ${path} with ${status}: ${errors.join("; ") || "it gave no reason"}.`);
  }
}

/** The connection does not trust Vault's certificate. */
export class UntrustedCertificate extends UserError {
  override readonly name = "UntrustedCertificate";
}

/** OpenSSL's and Node.js's codes for a certificate that the verification refused. */
const refusedCertificate = /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_)/;

/** Milliseconds for one request. Vault verifies a database connection within this time. */
const DEADLINE_MS = 30_000;

export interface VaultClientOptions {
  /**
   * Behind a proxy, sends one request after the other on one connection. Default: each gets its own, so that it also reaches another
   * Vault after a failover.
   */
  readonly keepsTunnel?: boolean;
}

/** A client for Vault's HTTP API over verified TLS, with a deadline for each request. */
export class VaultClient {
  private readonly url: URL;
  private readonly agent: http.Agent;

  constructor(
    private readonly connection: Omit<VaultConnection, "jwt">,
    private token?: string,
    private readonly deadlineMs = DEADLINE_MS,
    { keepsTunnel = false }: VaultClientOptions = {},
  ) {
    this.url = new URL(connection.address);
    const { proxyUrl } = connection;
    this.agent =
      proxyUrl && this.isSecure
        ? this.tunnels(new URL(proxyUrl), keepsTunnel)
        : new (this.isSecure ? https : http).Agent({ keepAlive: true });
  }

  /** @throws VaultRefusal when the token is not accepted */
  static async loggedIn(
    { jwt, ...connection }: VaultConnection,
    options: VaultClientOptions = {},
  ): Promise<VaultClient> {
    const client = new VaultClient(connection, undefined, undefined, options);
    const { mount, role } = DEPLOYER_LOGIN;
    const request = { method: "POST", path: `auth/${mount}/login`, body: { role, jwt } } as const;
    const { auth } = (await client.send(request)) as { auth?: { client_token?: string } };
    client.token = auth?.client_token;
    return client;
  }

  /**
   * @throws VaultRefusal for every status except 2xx
   * @throws UserError when Vault is unreachable, untrusted or too slow
   */
  async request(request: VaultRequest): Promise<VaultData> {
    const answer = await this.send(request);
    return (answer["data"] as VaultData | undefined) ?? answer;
  }

  /** Reads a path. Returns undefined if nothing is there. */
  async read(path: string, method: "GET" | "LIST" = "GET"): Promise<VaultData | undefined> {
    try {
      return await this.request({ method, path });
    } catch (error) {
      if (error instanceof VaultRefusal && saysNothingThere(error)) return undefined;
      throw error;
    }
  }

  /** Revokes the login's token. */
  async logOut(): Promise<void> {
    if (this.token) await this.request({ method: "POST", path: "auth/token/revoke-self" });
    this.close();
  }

  close(): void {
    this.agent.destroy();
  }

  private async send(request: VaultRequest): Promise<VaultData> {
    const { method, path } = request;
    const signal = AbortSignal.timeout(this.deadlineMs);
    try {
      const { status, text: content } = await this.exchange(request, signal);
      const answer = content.trim() === "" ? {} : (JSON.parse(content) as Record<string, unknown>);
      if (status < 200 || status > 299) {
        throw new VaultRefusal(request, status, (answer["errors"] as string[] | undefined) ?? []);
      }
      return answer;
    } catch (error) {
      if (error instanceof UserError) throw error;
      const at = `Vault at ${this.url.origin}`;
      if (signal.aborted) {
        throw new UserError(`${at} did not answer ${method} ${path} within ${this.deadlineMs / 1000} s.`);
      }
      if (error instanceof SyntaxError)
        throw new UserError(`${at} answered ${method} ${path} with text that is not JSON.`);
      const sentence = `Request to ${at} failed, ${method} ${path}: ${messageOf(error)}.`;
      throw refusedCertificate.test(codeOf(error) ?? "")
        ? new UntrustedCertificate(sentence)
        : new UserError(sentence);
    }
  }

  /**
   * Sends a request. If several trusted certificates have one subject and no key identifier, OpenSSL checks only the first. If Vault still
   * serves the earlier certificate, which is second, this tries the reverse order. The failed attempt has sent no request.
   */
  private async exchange(
    request: VaultRequest,
    signal: AbortSignal,
  ): Promise<{ status: number; text: string }> {
    try {
      return await this.exchangeTrusting(this.trusted, request, signal);
    } catch (error) {
      if (codeOf(error) !== "DEPTH_ZERO_SELF_SIGNED_CERT") throw error;
      return await this.exchangeTrusting([...this.trusted].reverse(), request, signal);
    }
  }

  private exchangeTrusting(
    ca: readonly string[],
    request: VaultRequest,
    signal: AbortSignal,
  ): Promise<{ status: number; text: string }> {
    const { method, path, query } = request;
    const body = request.body && JSON.stringify(request.body);
    const options: https.RequestOptions = {
      method,
      host: this.url.hostname,
      port: this.url.port,
      path: `/v1/${path.split("/").map(encodeURIComponent).join("/")}${query ? `?${new URLSearchParams(query)}` : ""}`,
      headers: {
        ...(this.token ? { "X-Vault-Token": this.token } : {}),
        "X-Vault-Request": "true",
        // Node sends no body with a DELETE unless the length is set.
        ...(body ? { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) } : {}),
      },
      signal,
      agent: this.agent,
      ...(this.isSecure ? this.trust(ca) : {}),
    };
    // A tunnel has its own TLS.
    const { request: send } = this.agent instanceof https.Agent ? https : http;
    return new Promise((resolve, reject) => {
      const outgoing = send(options, (answer) => {
        text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, text: body }), reject);
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  private get isSecure(): boolean {
    return this.url.protocol === "https:";
  }

  /** PEM, one each. */
  private get trusted(): string[] {
    if (!this.isSecure) return [];
    return readFileSync(this.connection.caFile, "utf8")
      .split(/(?=-----BEGIN )/)
      .filter((part) => part.startsWith("-----BEGIN "));
  }

  private trust(ca: readonly string[]): { ca: string[]; servername?: string; minVersion: "TLSv1.2" } {
    const { tlsServerName: servername } = this.connection;
    return { ca: [...ca], ...(servername ? { servername } : {}), minVersion: "TLSv1.2" };
  }

  /** Sends each request through a tunnel of its own, or all of them through one. */
  private tunnels(proxy: URL, keepAlive: boolean): http.Agent {
    const agent = new http.Agent({ keepAlive, ...(keepAlive ? { maxSockets: 1 } : {}) });
    agent.createConnection = ({ ca, signal }: https.RequestOptions, callback) => {
      this.openTunnel(proxy, ca as string[], signal as AbortSignal).then(
        (socket) => callback?.(null, socket),
        (error) => callback?.(error, undefined as never),
      );
      return undefined as never; // the callback gets it
    };
    return agent;
  }

  /** Opens TLS to Vault through the proxy's CONNECT. */
  private openTunnel(proxy: URL, ca: readonly string[], signal: AbortSignal): Promise<TLSSocket> {
    const { hostname, port } = this.url;
    return new Promise((resolve, reject) => {
      const asked = http.request({
        host: proxy.hostname,
        port: proxy.port,
        method: "CONNECT",
        path: `${hostname}:${port || 443}`,
        agent: false,
        signal,
      });
      asked.on("error", reject);
      asked.on("connect", ({ statusCode }, socket) => {
        if (statusCode !== 200) {
          socket.destroy();
          return reject(new Error(`the proxy ${proxy.origin} refused the connection with ${statusCode}`));
        }
        const secured = connect(
          { socket, host: hostname, ...(isIP(hostname) ? {} : { servername: hostname }), ...this.trust(ca) },
          () => resolve(secured),
        );
        secured.on("error", reject);
      });
      asked.end();
    });
  }
}

/** Matches 404, or 400 with the message of Vault 1.16 to 1.21 for a path without a mount. */
function saysNothingThere({ status, errors }: VaultRefusal): boolean {
  return (
    status === 404 ||
    (status === 400 && errors.some((it) => /^No (secret|auth) engine( mount)? at /i.test(it)))
  );
}
