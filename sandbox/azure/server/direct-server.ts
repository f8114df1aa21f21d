import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type net from "node:net";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import type { CertificateAuthority } from "./certificate-authority";
import { type RequestHandler, send } from "./request-handler";
import type { HostedService } from "./service";

interface DirectServerProps {
  /** The machine that sends its requests here. */
  caller: string;
  authority: CertificateAuthority;
  services: HostedService[];
  handler: RequestHandler;
}

/**
 * Azure for a machine without a proxy: one port for plain HTTP (IMDS) and one for TLS, where the client's requested
 * name selects the service. If 169.254.169.254:80 and port 443 of Azure's names are forwarded to these ports, the
 * machine needs no proxy.
 */
export class DirectServer {
  readonly #props: DirectServerProps;
  readonly #http = http.createServer((request, response) => void this.#serve("http", request, response));
  readonly #https: http.Server;
  readonly #tls: net.Server;
  readonly #sockets = new Set<net.Socket>();

  constructor(props: DirectServerProps) {
    this.#props = props;
    this.#https = http.createServer((request, response) => void this.#serve("https", request, response));
    this.#tls = tls.createServer(
      {
        minVersion: "TLSv1.2",
        ALPNProtocols: ["http/1.1"],
        SNICallback: (host, done) => {
          this.#contextOf(host).then(
            (context) => done(null, context),
            (error: Error) => done(error),
          );
        },
      },
      (socket) => this.#https.emit("connection", socket),
    );
    for (const server of [this.#http, this.#tls]) server.on("connection", (socket) => this.#track(socket));
    for (const server of [this.#http, this.#https]) server.keepAliveTimeout = 0;
  }

  /** Listens on free ports of 127.0.0.1. */
  async listen(): Promise<void> {
    await Promise.all([this.#http, this.#tls].map(listenOnLoopback));
  }

  get httpPort(): number {
    return portOf(this.#http);
  }

  get httpsPort(): number {
    return portOf(this.#tls);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(
      [this.#http, this.#tls].map((server) => new Promise((resolve) => server.close(resolve))),
    );
  }

  async #contextOf(host: string): Promise<tls.SecureContext> {
    if (!this.#serviceOf("https", host)) throw new Error(`the sandbox does not support ${host}`);
    const { keyPem, certificatePem } = await this.#props.authority.certificateFor(host);
    return tls.createSecureContext({ key: keyPem, cert: certificatePem });
  }

  async #serve(scheme: "http" | "https", request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { caller, handler } = this.#props;
    const host = (request.headers.host ?? "").toLowerCase().replace(/:\d+$/, "");
    const target = request.url ?? "/";
    const service = this.#serviceOf(scheme, host);
    if (!service) return send(response, handler.refuseUnknown(caller, request.method ?? "", host, target));
    await handler.handle(service, { caller, host, target }, request, response).catch(() => {
      request.socket.destroy();
    });
  }

  #serviceOf(scheme: HostedService["scheme"], host: string): HostedService | undefined {
    return this.#props.services.find((service) => service.scheme === scheme && service.hosts.includes(host));
  }

  #track(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  }
}

function listenOnLoopback(server: net.Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
}

function portOf(server: net.Server): number {
  return (server.address() as AddressInfo).port;
}
