import { once } from "node:events";
import { request } from "node:https";
import { connect, createServer, type Socket } from "node:net";

export interface LoadBalancerProps {
  /** The listener's private address. The port comes from its rule. */
  readonly address: string;
  readonly port: number;
  /** Addresses of the machines behind it. They use the same port. */
  readonly backends: readonly string[];
  /** Path of the HTTPS probe. It accepts any certificate. */
  readonly probePath: string;
  /** Milliseconds between two probes of a backend. */
  readonly probeIntervalMs: number;
}

/**
 * Azure's Standard load balancer with one TCP rule and an HTTPS probe. New flows go in turn to the backends that
 * answer 200. A backend that answers otherwise, or not within an interval, gets no new flows. Existing flows
 * continue. If no backend is healthy, new flows are reset.
 *
 * Source: Azure, load balancer health probes and TCP reset.
 */
export class LoadBalancer {
  readonly #server = createServer((client) => this.#forward(client));
  readonly #sockets = new Set<Socket>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #healthy = new Set<string>();
  #turn = 0;

  private constructor(private readonly props: LoadBalancerProps) {}

  /** Starts to listen, and probes each backend once. */
  static async start(props: LoadBalancerProps): Promise<LoadBalancer> {
    const { address: host, port } = props;
    const balancer = new LoadBalancer(props);
    await Promise.all(props.backends.map((backend) => balancer.#probe(backend)));
    for (const backend of props.backends)
      balancer.#timers.push(setInterval(() => void balancer.#probe(backend), props.probeIntervalMs));
    await once(balancer.#server.listen({ host, port, exclusive: true }), "listening");
    return balancer;
  }

  get address(): string {
    return this.props.address;
  }

  /** Addresses of the backends that get new flows. */
  get healthy(): string[] {
    return this.props.backends.filter((backend) => this.#healthy.has(backend));
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #forward(client: Socket): void {
    const backend = this.healthy[this.#turn++ % Math.max(1, this.#healthy.size)];
    if (backend === undefined) return void client.resetAndDestroy();
    // A backend sees its client's own address, as in Azure.
    const server = connect({ host: backend, port: this.props.port, localAddress: client.remoteAddress });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    client.pipe(server).pipe(client);
  }

  async #probe(backend: string): Promise<void> {
    if ((await this.#statusOf(backend)) === 200) this.#healthy.add(backend);
    else this.#healthy.delete(backend);
  }

  #statusOf(host: string): Promise<number | undefined> {
    const { port, probePath: path, probeIntervalMs: timeout } = this.props;
    return new Promise((resolve) => {
      // Azure does not check a probe's certificate.
      const probe = request(
        { host, port, path, timeout, rejectUnauthorized: false, agent: false },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        },
      );
      probe.on("timeout", () => probe.destroy());
      probe.on("error", () => resolve(undefined));
      probe.end();
    });
  }
}
