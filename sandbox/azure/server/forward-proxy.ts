import http, { type IncomingMessage, type ServerResponse } from "node:http";
import net, { type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import type { CertificateAuthority } from "./certificate-authority";
import type { PrivateEndpoint, PrivateNames } from "./private-names";
import { type RequestHandler, send } from "./request-handler";
import type { HostedService } from "./service";

interface ForwardProxyProps {
  /** The user of this proxy: the name of a machine, or "elsewhere". */
  caller: string;
  /** Source address of the caller's own connections, such as 127.31.4.4. Vault checks it. */
  sourceAddress?: string;
  privateNames: PrivateNames;
  authority: CertificateAuthority;
  services: HostedService[];
  handler: RequestHandler;
  print: (line: string) => void;
}

/**
 * A forward proxy on loopback, for HTTP_PROXY and HTTPS_PROXY. It answers for Azure itself, and forwards only to the
 * virtual network's private names. Each caller has its own proxy, because IMDS must know which machine sends a request.
 */
export class ForwardProxy {
  readonly #props: ForwardProxyProps;
  readonly #server = http.createServer();
  readonly #sockets = new Set<Duplex>();
  /** The host behind each CONNECT connection. */
  readonly #tunnels = new WeakMap<Duplex, string>();

  constructor(props: ForwardProxyProps) {
    this.#props = props;
    // Clients reuse connections. If one closes during a POST, no client retries.
    this.#server.keepAliveTimeout = 0;
    this.#server.on("connection", (socket) => this.#track(socket));
    this.#server.on("connect", (request, socket, head) => {
      this.#openTunnel(request, socket, head).catch(() => socket.destroy());
    });
    this.#server.on("request", (request, response) => void this.#serve(request, response));
    this.#server.on("clientError", (_error, socket) => socket.destroy());
  }

  /** Listens on a free port of 127.0.0.1. */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", resolve);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #track(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  }

  /** CONNECT: becomes the TLS server of the requested host. */
  async #openTunnel(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { caller, handler, authority, privateNames } = this.#props;
    const endpoint = privateNames.find(request.url ?? "");
    if (endpoint) return this.#connect(endpoint, socket, head);
    const [host = "", port] = (request.url ?? "").toLowerCase().split(":");
    if (this.#tunnels.has(socket) || port !== "443" || !this.#serviceOf("https", host)) {
      return refuseTunnel(
        socket,
        JSON.stringify(handler.refuseUnknown(caller, "CONNECT", request.url ?? "", "").body),
      );
    }
    const { keyPem, certificatePem } = await authority.certificateFor(host);
    if (socket.destroyed) return;
    const secureContext = tls.createSecureContext({
      key: keyPem,
      cert: certificatePem,
      minVersion: "TLSv1.2",
    });
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    socket.unshift(head);
    const secured = new tls.TLSSocket(socket as tls.TLSSocket, {
      isServer: true,
      secureContext,
      ALPNProtocols: ["http/1.1"],
    });
    secured.once("error", (error) => this.#reportHandshake(host, error));
    this.#tunnels.set(secured, host);
    this.#server.emit("connection", secured);
  }

  /** TLS stays between the caller and the private service. The proxy only forwards bytes from the caller's address. */
  #connect({ host, port }: PrivateEndpoint, socket: Duplex, head: Buffer): void {
    const { sourceAddress } = this.#props;
    const service = net.connect({ host, port, localAddress: sourceAddress });
    this.#track(service);
    service.once("connect", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      service.write(head);
      service.pipe(socket);
      socket.pipe(service);
    });
    service.once("error", ({ message }) => {
      socket.end(`HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n${message}\n`);
    });
    service.once("close", () => socket.end());
    socket.once("close", () => service.destroy());
  }

  #reportHandshake(host: string, error: NodeJS.ErrnoException): void {
    if (error.code?.startsWith("ERR_SSL")) {
      this.#props.print(`azure: ${this.#props.caller} ended TLS with ${host}: ${error.message}`);
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const tunnelled = this.#tunnels.get(request.socket);
    try {
      await (tunnelled
        ? this.#serveTunnelled(tunnelled, request, response)
        : this.#servePlain(request, response));
    } catch (problem) {
      if (!request.destroyed)
        this.#props.print(`azure: a request from ${this.#props.caller} was cut: ${problem}`);
      request.socket.destroy();
    }
  }

  async #serveTunnelled(host: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { caller, handler } = this.#props;
    const service = this.#serviceOf("https", host);
    const asked = request.headers.host?.toLowerCase().replace(/:443$/, "");
    const target = request.url ?? "/";
    if (!service || asked !== host || !target.startsWith("/")) return misdirected(response, host);
    await handler.handle(service, { caller, host, target }, request, response);
  }

  /** Plain HTTP arrives in absolute form: GET http://169.254.169.254/metadata/... */
  async #servePlain(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { caller, handler } = this.#props;
    const { method = "", url: target = "" } = request;
    const url = URL.canParse(target) ? new URL(target) : undefined;
    const service = url && url.port === "" && this.#serviceOf("http", url.hostname);
    if (!service || url.protocol !== "http:") {
      return send(
        response,
        handler.refuseUnknown(caller, method, url?.origin ?? "", url?.pathname ?? target),
      );
    }
    await handler.handle(
      service,
      { caller, host: url.hostname, target: url.pathname + url.search },
      request,
      response,
    );
  }

  #serviceOf(scheme: HostedService["scheme"], host: string): HostedService | undefined {
    return this.#props.services.find((service) => service.scheme === scheme && service.hosts.includes(host));
  }
}

function refuseTunnel(socket: Duplex, body: string): void {
  const head = [
    "HTTP/1.1 403 Forbidden",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

function misdirected(response: ServerResponse, host: string): void {
  send(response, {
    status: 421,
    body: { error: { code: "MisdirectedRequest", message: `This connection is for ${host}.` } },
  });
}
