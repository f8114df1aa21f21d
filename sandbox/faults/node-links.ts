import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { virtualMachines } from "../azurerm/virtual-machines";
import type { Machine } from "../machine/machine";
import type { Sandbox } from "../system/sandbox";

const clusterPort = 8201;

/** The address on which a node's links listen. It is next to the node's own address. */
const linkAddress = (address: string): string => address.replace(/^(127\.\d+)\.\d+\./, "$1.250.");

interface Link {
  readonly to: string;
  /** Address of the node that opened it. */
  readonly from: string | undefined;
  readonly ends: readonly Socket[];
  dead: boolean;
}

/**
 * The network between the nodes of a cluster. It can be cut. Each node tells its peers an address on which this listens. This forwards the
 * connections to the node's own cluster port. The process of a connection shows which node opened it. A cut is silent, as on a real network:
 * nothing arrives, and nothing is closed. A cut affects both directions of the connections that one node opens to another. The leader opens
 * the connections for Raft's messages. The followers open the connections for votes and forwarded requests.
 */
export class NodeLinks {
  readonly #servers: Server[] = [];
  readonly #links = new Set<Link>();
  readonly #cut = new Set<string>();

  private constructor(private readonly sandbox: Sandbox) {}

  /** For SandboxOptions.hosts. */
  static readonly hosts = (hosts: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
    new Map(
      [...hosts].map(([name, address]) => [name, /^vault-\d+\./.test(name) ? linkAddress(address) : address]),
    );

  /** Call this before Vault's first start. */
  static async start(sandbox: Sandbox): Promise<NodeLinks> {
    const links = new NodeLinks(sandbox);
    for (const { stack, privateAddress } of virtualMachines(sandbox.deployment)) {
      if (stack === "vault-server") await links.#listen(privateAddress);
    }
    return links;
  }

  /** Cuts all connections that one node opens to another, until `join`. */
  cut(from: Machine, to: Machine): void {
    this.#cut.add(pair(from.address, to.address));
    for (const link of this.#links) {
      if (link.from !== from.address || link.to !== to.address) continue;
      link.dead = true;
      for (const end of link.ends) end.unpipe().pause();
    }
  }

  /** Closes the cut connections. Both ends then open new ones. */
  join(): void {
    this.#cut.clear();
    for (const link of this.#links) if (link.dead) for (const end of link.ends) end.destroy();
  }

  async stop(): Promise<void> {
    for (const { ends } of this.#links) for (const end of ends) end.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  async #listen(to: string): Promise<void> {
    const server = createServer({ pauseOnConnect: true }, (client) => this.#open(client, to));
    this.#servers.push(server);
    await once(server.listen({ host: linkAddress(to), port: clusterPort }), "listening");
  }

  #open(client: Socket, to: string): void {
    const from = this.#openedBy(client);
    const dead = this.#cut.has(pair(from, to));
    const node = dead ? undefined : connect({ host: to, port: clusterPort });
    const link: Link = { to, from, ends: node ? [client, node] : [client], dead };
    this.#links.add(link);
    for (const end of link.ends) {
      end.on("error", () => {});
      // The other end of a cut connection gets no notice.
      end.on("close", () => {
        if (!link.dead) for (const other of link.ends) other.destroy();
        this.#links.delete(link);
      });
    }
    if (node) client.pipe(node).pipe(client);
  }

  #openedBy({ remoteAddress = "", remotePort = 0, localAddress = "" }: Socket): string | undefined {
    const [near, far] = [hex(remoteAddress, remotePort), hex(localAddress, clusterPort)];
    const line = readFileSync("/proc/net/tcp", "utf8")
      .split("\n")
      .find((it) => it.includes(` ${near} ${far} `));
    const inode = line?.trim().split(/\s+/)[9];
    return this.sandbox.vaultNodes.find((node) => socketsOf(node).includes(`socket:[${inode}]`))?.address;
  }
}

const pair = (from: string | undefined, to: string): string => `${from} ${to}`;

/** Formats an address as in /proc/net/tcp: little-endian address, port. */
function hex(address: string, port: number): string {
  const text = (number: number, length: number) => number.toString(16).toUpperCase().padStart(length, "0");
  const bytes = address.replace("::ffff:", "").split(".").reverse();
  return `${bytes.map((byte) => text(Number(byte), 2)).join("")}:${text(port, 4)}`;
}

function socketsOf(node: Machine): string[] {
  const folder = `/proc/${node.pid("vault.service")}/fd`;
  try {
    return readdirSync(folder).map((name) => {
      try {
        return readlinkSync(`${folder}/${name}`);
      } catch {
        return ""; // closed meanwhile
      }
    });
  } catch {
    return []; // it does not run
  }
}
