import http, { type IncomingMessage, type ServerResponse } from "node:http";
import net from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import type { CertificateAuthority } from "./certificate-authority";
import { LoopbackServer } from "./loopback-server";
import { type RequestHandler, send } from "./request-handler";
import { type HostedService, serviceAt } from "./service";

interface ForwardProxyProps {
  /** The user of this proxy: the name of a machine, or "elsewhere". */
  caller: string;
  /** Source address of the caller's own connections, such as 127.31.4.4. Vault checks it. */
  sourceAddress?: string;
  /** Returns the address of a name in the virtual network, such as vault.demo.internal. */
  privateAddressOf: (host: string) => string | undefined;
  authority: CertificateAuthority;
  services: HostedService[];
  handler: RequestHandler;
  print: (line: string) => void;
}

/**
 * A forward proxy on loopback, for HTTP_PROXY and HTTPS_PROXY. It answers for Azure itself, and forwards only to the
 * virtual network's private names. Each caller has its own proxy, because IMDS must know which machine sends a request.
 */
export class ForwardProxy extends LoopbackServer<http.Server> {
  /** The host behind each CONNECT connection. */
  readonly #tunnels = new WeakMap<Duplex, string>();

  constructor(private readonly props: ForwardProxyProps) {
    super(http.createServer());
    const { server } = this;
    // Clients reuse connections. If one closes during a POST, no client retries.
    server.keepAliveTimeout = 0;
    server.on("connect", (request, socket, head) => {
      this.#openTunnel(request, socket, head).catch(() => socket.destroy());
    });
    server.on("request", (request, response) => void this.#serve(request, response));
    server.on("clientError", (_error, socket) => socket.destroy());
  }

  /** CONNECT: becomes the TLS server of the requested host. */
  async #openTunnel(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { caller, handler, authority, services, privateAddressOf } = this.props;
    const { url = "" } = request;
    const [, host = "", port] = /^(.+):(\d+)$/.exec(url.toLowerCase()) ?? [];
    const address = privateAddressOf(host);
    if (address !== undefined) return this.#connect({ host: address, port: Number(port) }, socket, head);
    if (this.#tunnels.has(socket) || port !== "443" || !serviceAt(services, "https", host))
      return refuseTunnel(socket, JSON.stringify(handler.refuseUnknown(caller, "CONNECT", url, "").body));
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
    this.server.emit("connection", secured);
  }

  /** TLS stays between the caller and the private service. The proxy only forwards bytes from the caller's address. */
  #connect(place: { host: string; port: number }, socket: Duplex, head: Buffer): void {
    const service = net.connect({ ...place, localAddress: this.props.sourceAddress });
    this.track(service);
    service.once("connect", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      service.write(head);
      service.pipe(socket);
      socket.pipe(service);
    });
    service.once("error", ({ message }) => {
      socket.end(`HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n${message}\n`);
    });
    // Nobody reads the caller's end from here on, so it would never close by itself.
    service.once("close", () => socket.end(() => socket.destroy()));
    socket.once("close", () => service.destroy());
  }

  #reportHandshake(host: string, error: NodeJS.ErrnoException): void {
    if (error.code?.startsWith("ERR_SSL")) {
      this.props.print(`azure: ${this.props.caller} ended TLS with ${host}: ${error.message}`);
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
        this.props.print(`azure: a request from ${this.props.caller} was cut: ${problem}`);
      request.socket.destroy();
    }
  }

  async #serveTunnelled(host: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { caller, handler, services } = this.props;
    const service = serviceAt(services, "https", host);
    const asked = request.headers.host?.toLowerCase().replace(/:443$/, "");
    const target = request.url ?? "/";
    if (!service || asked !== host || !target.startsWith("/")) return misdirected(response, host);
    await handler.handle(service, { caller, host, target }, request, response);
  }

  /** Plain HTTP arrives in absolute form: GET http://169.254.169.254/metadata/... */
  async #servePlain(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { caller, handler, services } = this.props;
    const { method = "", url: target = "" } = request;
    const url = URL.canParse(target) ? new URL(target) : undefined;
    const service = url && url.port === "" && serviceAt(services, "http", url.hostname);
    if (!service || url.protocol !== "http:")
      return send(
        response,
        handler.refuseUnknown(caller, method, url?.origin ?? "", url?.pathname ?? target),
      );
    const origin = { caller, host: url.hostname, target: url.pathname + url.search };
    await handler.handle(service, origin, request, response);
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
