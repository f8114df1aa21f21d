import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { connect, type Socket } from "node:net";
import tls from "node:tls";
import type { Sandbox } from "../../../sandbox/system/sandbox";

export interface VaultQuestion {
  method?: string;
  /** The path after /v1/. It is sent unchanged, without encoding or normalization. */
  path: string;
  token?: string;
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  /** Address of a node, for a request from another address that bypasses the load balancer. */
  at?: string;
  /** Other TLS settings. */
  tls?: tls.ConnectionOptions;
  /** Connections for many requests, from `connectionsTo`. Default: a new connection for each request. */
  connections?: https.Agent;
}

export interface VaultReply {
  status: number;
  /** Vault's words if it refuses, on one line. */
  errors: string;
  // biome-ignore lint/suspicious/noExplicitAny: any JSON that Vault answers
  body: any;
}

/**
 * Sends a request to Vault as an attacker would, from the address of a machine or web app, or without one from another address. Vault
 * answers an untidy path with 307. This follows it once, as every client does.
 */
export async function askVault(
  sandbox: Sandbox,
  from: string | undefined,
  question: VaultQuestion,
): Promise<VaultReply> {
  const first = await exchange(sandbox, from, question);
  if (first.status !== 307 || !first.location) return first;
  // A standby redirects requests that it does not forward to the active node.
  const at = first.location.startsWith("/") ? question.at : undefined;
  const path = first.location.replace(/^(?:https:\/\/[^/]+)?\/v1\//, "");
  return exchange(sandbox, from, { ...question, at, path });
}

async function exchange(
  sandbox: Sandbox,
  from: string | undefined,
  { method = "GET", path, token, body, headers, at, tls: options, connections }: VaultQuestion,
): Promise<VaultReply & { location?: string }> {
  const ownConnection = async () => {
    const plain = at ? connect({ host: at, port: 8200 }) : await connectTo(sandbox, from);
    return secure(sandbox, plain, options);
  };
  const socket = connections ? undefined : await ownConnection();
  return new Promise((resolve, reject) => {
    const request = https.request(
      {
        ...(socket ? { createConnection: () => socket } : { agent: connections }),
        method,
        path: `/v1/${path}`,
        headers: {
          Host: new URL(sandbox.vaultAddress).host,
          ...(socket ? { Connection: "close" } : {}),
          ...(token ? { "X-Vault-Token": token } : {}),
          ...headers,
          ...(body === undefined ? {} : { "Content-Length": Buffer.byteLength(JSON.stringify(body)) }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () => {
          const { statusCode = 0, headers } = response;
          resolve({ ...replyOf(statusCode, Buffer.concat(chunks).toString()), location: headers.location });
        });
        response.on("error", reject);
      },
    );
    request.on("error", reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Connections to Vault from somebody's address, for `askVault`. Destroy them at the end. */
export function connectionsTo(sandbox: Sandbox, from?: string): https.Agent {
  return Object.assign(new https.Agent({ keepAlive: true }), {
    createConnection: (_: unknown, done: (error: Error | null, socket?: Socket) => void): void => {
      connectTo(sandbox, from)
        .then((plain) => secure(sandbox, plain))
        .then((socket) => done(null, socket), done);
    },
  });
}

/** A connection to Vault's port from somebody's address, without TLS. */
export function connectTo(sandbox: Sandbox, from?: string): Promise<Socket> {
  const { hostname, port } = new URL(sandbox.azure.proxyUrlFor(from));
  return new Promise((resolve, reject) => {
    const path = new URL(sandbox.vaultAddress).host;
    const asked = http.request({ host: hostname, port, method: "CONNECT", path, agent: false });
    asked.on("error", reject);
    asked.on("connect", ({ statusCode }, socket: Socket) =>
      statusCode === 200 ? resolve(socket) : reject(new Error(`CONNECT ${statusCode}`)),
    );
    asked.end();
  });
}

function secure(
  sandbox: Sandbox,
  socket: Socket,
  options: tls.ConnectionOptions = {},
): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    const { hostname: servername } = new URL(sandbox.vaultAddress);
    const ca = readFileSync(sandbox.vaultCertificateFile);
    const secured = tls.connect({ socket, servername, ca, ...options }, () => resolve(secured));
    secured.on("error", reject);
  });
}

function replyOf(status: number, text: string): VaultReply {
  const body = parsed(text);
  const { errors, warnings } = body as { errors?: string[]; warnings?: string[] };
  const words = errors?.length ? errors : (warnings ?? []);
  return { status, errors: words.join("; ").replace(/\s+/g, " ").trim(), body };
}

function parsed(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    return { errors: [text] };
  }
}
