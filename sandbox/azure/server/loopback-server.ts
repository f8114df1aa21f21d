import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import type { Duplex } from "node:stream";

/** A server on a free port of 127.0.0.1. It ends all its connections when it closes. */
export class LoopbackServer<Kind extends Server = Server> {
  readonly #sockets = new Set<Duplex>();

  constructor(protected readonly server: Kind) {
    server.on("connection", (socket) => this.track(socket));
  }

  async listen(): Promise<void> {
    await once(this.server.listen(0, "127.0.0.1"), "listening");
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The address of a server for HTTP. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Ends this connection with the server. */
  track(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
