import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";

/** A forward proxy that connects every host to one server. */
export class ConnectProxy {
  /** The requested hosts and ports. */
  readonly asked: string[] = [];
  private readonly sockets = new Set<Duplex>();

  private constructor(
    private readonly server: Server,
    { hostname, port }: URL,
  ) {
    server.on("connect", (request, socket) => {
      this.asked.push(request.url ?? "");
      const onward = connect(Number(port), hostname, () => {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        socket.pipe(onward).pipe(socket);
      });
      for (const it of [socket, onward]) {
        this.sockets.add(it);
        it.on("error", () => it.destroy());
      }
    });
  }

  static async start(target: URL): Promise<ConnectProxy> {
    const server = createServer();
    const proxy = new ConnectProxy(server, target);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
