import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { codeOf, UserError } from "../../lib/processes/user-error";
import type { LoopbackNetwork } from "./sandbox-environment";

/** Ports of the sandbox's services, each on its own address: Vault, Raft, MySQL. */
const ports = [8200, 8201, 3306];

/** The /16 networks of loopback that sandboxes choose from. 127.0 belongs to localhost. */
const networks = Array.from({ length: 200 }, (_, index): LoopbackNetwork => `127.${index + 20}`);

/**
 * Returns the address that replaces 127.0.0.1 for one host of a sandbox. No other host knows it, and it is outside of the sandboxes' networks.
 *
 * @param address of the host in its sandbox's network
 * @param number of the host in its sandbox, from 1 to 254
 */
export function ownLoopback(address: string, number: number): string {
  const [, network] = address.split(".");
  return `127.10.${network}.${number}`;
}

/**
 * A /16 of loopback that belongs to one sandbox while it runs. The claim is a socket on an address that no service of
 * the sandbox uses. So the claim ends with the process, even after a crash.
 */
export class ClaimedNetwork {
  private constructor(
    readonly network: LoopbackNetwork,
    private readonly claim: Server,
  ) {}

  /**
   * @param wanted the network of a kept sandbox. Default: any free network.
   * @throws UserError if no network is free, or if the wanted network is not free
   */
  static async claim(wanted?: LoopbackNetwork): Promise<ClaimedNetwork> {
    const problems = new Set<string>();
    for (const network of wanted ? [wanted] : networks) {
      try {
        const claim = await listen(`${network}.0.1`, ports[0] ?? 0);
        const claimed = new ClaimedNetwork(network, claim);
        await claimed.tryOtherPorts().catch(async (error) => {
          await claimed.release();
          throw error;
        });
        return claimed;
      } catch (error) {
        problems.add(codeOf(error) ?? String(error));
        if (codeOf(error) === "EADDRNOTAVAIL") break;
      }
    }
    if (problems.has("EADDRNOTAVAIL")) {
      throw new UserError(
        "This system's loopback has only 127.0.0.1, and the sandbox gives each of its hosts an address. Run it on Linux (on macOS, in a container or a VM).",
      );
    }
    throw new UserError(
      `One of the ports ${ports.join(", ")} is taken on ${wanted ? `${wanted}.0.0/16` : "every loopback address"}. Stop the program that listens there (${wanted ? "perhaps another sandbox of the same folder" : "a server on 0.0.0.0"}).`,
    );
  }

  release(): Promise<void> {
    return new Promise((resolve) => this.claim.close(() => resolve()));
  }

  private async tryOtherPorts(): Promise<void> {
    for (const port of ports.slice(1)) {
      const server = await listen(`${this.network}.0.1`, port);
      await new Promise((resolve) => server.close(resolve));
    }
    if (await isInUse(this.network))
      throw Object.assign(new Error("a port is taken"), { code: "EADDRINUSE" });
  }
}

/**
 * Returns true if a program listens on any of the ports, on any address of the network except the claim's own.
 *
 * The bytes of an address are in reverse order. Source: Linux, Documentation/networking/proc_net_tcp.rst.
 */
async function isInUse(network: LoopbackNetwork): Promise<boolean> {
  const second = Number(network.slice("127.".length));
  const table = await readFile("/proc/net/tcp", "utf8").catch(() => "");
  return [...table.matchAll(/: ([0-9A-F]{4})([0-9A-F]{2})7F:([0-9A-F]{4}) \S+ 0A /g)].some(
    ([, host, octet = "", port = ""]) =>
      host !== "0100" && Number.parseInt(octet, 16) === second && ports.includes(Number.parseInt(port, 16)),
  );
}

async function listen(host: string, port: number): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  await once(server.listen({ host, port, exclusive: true }), "listening");
  return server.unref();
}
