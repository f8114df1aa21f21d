import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface ForwardTarget {
  readonly host: string;
  readonly port: number;
  /** Source address of the connection. Vault checks it. */
  readonly sourceAddress?: string;
}

/** A port of 127.0.0.1 that forwards to a service of this machine. A guest reaches it at its gateway. */
export class Forward {
  readonly #sockets = new Set<Socket>();
  readonly #server;

  private constructor(target: ForwardTarget) {
    const { host, port, sourceAddress: localAddress } = target;
    this.#server = createServer((socket) => {
      const service = connect({ host, port, localAddress });
      for (const end of [socket, service]) {
        this.#sockets.add(end);
        end.on("close", () => this.#sockets.delete(end));
      }
      socket.on("error", () => service.destroy());
      service.on("error", () => socket.destroy());
      socket.pipe(service).pipe(socket);
    });
  }

  static async open(target: ForwardTarget): Promise<Forward> {
    const forward = new Forward(target);
    await new Promise<void>((resolve, reject) => {
      forward.#server.once("error", reject);
      forward.#server.listen(0, "127.0.0.1", resolve);
    });
    return forward;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
