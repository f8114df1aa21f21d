import http, { type IncomingMessage, type ServerResponse } from "node:http";
import tls from "node:tls";
import type { CertificateAuthority } from "./certificate-authority";
import { LoopbackServer } from "./loopback-server";
import { type RequestHandler, send } from "./request-handler";
import { type HostedService, serviceAt } from "./service";

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
  readonly http: LoopbackServer;
  readonly https: LoopbackServer;

  constructor(private readonly props: DirectServerProps) {
    const serve = (scheme: HostedService["scheme"]) => {
      const server = http.createServer((request, response) => void this.#serve(scheme, request, response));
      server.keepAliveTimeout = 0;
      return server;
    };
    const decrypted = serve("https");
    const secured = tls.createServer(
      {
        minVersion: "TLSv1.2",
        ALPNProtocols: ["http/1.1"],
        SNICallback: (host, done) => {
          this.#contextOf(host).then((context) => done(null, context), done);
        },
      },
      (socket) => decrypted.emit("connection", socket),
    );
    this.http = new LoopbackServer(serve("http"));
    this.https = new LoopbackServer(secured);
  }

  async listen(): Promise<void> {
    await Promise.all([this.http.listen(), this.https.listen()]);
  }

  async close(): Promise<void> {
    await Promise.all([this.http.close(), this.https.close()]);
  }

  async #contextOf(host: string): Promise<tls.SecureContext> {
    const { authority, services } = this.props;
    if (!serviceAt(services, "https", host)) throw new Error(`the sandbox does not support ${host}`);
    const { keyPem, certificatePem } = await authority.certificateFor(host);
    return tls.createSecureContext({ key: keyPem, cert: certificatePem });
  }

  async #serve(
    scheme: HostedService["scheme"],
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { caller, handler, services } = this.props;
    const host = (request.headers.host ?? "").toLowerCase().replace(/:\d+$/, "");
    const target = request.url ?? "/";
    const service = serviceAt(services, scheme, host);
    if (!service) return send(response, handler.refuseUnknown(caller, request.method ?? "", host, target));
    await handler.handle(service, { caller, host, target }, request, response).catch(() => {
      request.socket.destroy();
    });
  }
}
