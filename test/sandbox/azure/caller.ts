import http, { type IncomingHttpHeaders } from "node:http";
import tls from "node:tls";
import type { Azure } from "../../../sandbox/azure/azure";

interface Question {
  /** The machine whose proxy the request uses. */
  from?: string;
  method?: string;
  token?: string;
  headers?: Record<string, string>;
  /** Sent as JSON, or unchanged if it is text or bytes. */
  body?: unknown;
}

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: any JSON from a service
  body: any;
}

/** Sends a request through the proxy, like a program that knows only proxy and CA. */
export async function ask(
  azure: Azure,
  url: string,
  { from, method = "GET", token, headers, body }: Question = {},
): Promise<Reply> {
  const target = new URL(url);
  const proxy = new URL(azure.proxyUrlFor(from));
  const all = {
    Host: target.host,
    Connection: "close",
    ...(token ? { Authorization: `Bearer ${token}` } : {}),
    ...headers,
  };
  const path = target.pathname + target.search;
  if (target.protocol === "http:")
    return send({ host: proxy.hostname, port: proxy.port, method, path: url, headers: all }, body);
  const socket = await tunnel(proxy, target.hostname, azure.caPem);
  return send({ createConnection: () => socket, method, path, headers: all }, body);
}

/** Opens TLS to an Azure host through CONNECT. Rejects with the status if the proxy refuses. */
export function tunnel(
  proxy: URL,
  host: string,
  ca: string,
  options: tls.ConnectionOptions = {},
): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    const connect = http.request({
      host: proxy.hostname,
      port: proxy.port,
      method: "CONNECT",
      path: `${host}:443`,
      agent: false,
    });
    connect.on("error", reject);
    connect.on("connect", ({ statusCode }, raw) => {
      if (statusCode !== 200) return reject(new Error(`CONNECT ${statusCode}`));
      const secured = tls.connect({ socket: raw, servername: host, ca, ...options }, () => resolve(secured));
      secured.on("error", reject);
    });
    connect.end();
  });
}

function send(options: http.RequestOptions, body: unknown): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = http.request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parse(chunks) }),
      );
      response.on("error", reject);
    });
    request.on("error", reject);
    const asItIs = typeof body === "string" || body === undefined || Buffer.isBuffer(body);
    request.end(asItIs ? body : JSON.stringify(body));
  });
}

function parse(chunks: Buffer[]): unknown {
  const text = Buffer.concat(chunks).toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
}
