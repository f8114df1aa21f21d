import { waitFor } from "../../../sandbox/programs/wait-for";
import type { Sandbox } from "../../../sandbox/sandbox";
import { ada } from "../../app/running-application";
import { askVault } from "./vault-caller";
import { LoggedInWorkload } from "./workloads";

/** Milliseconds after which a request that failed is sent for the second and last time, at the latest. */
const PATIENCE_MS = 60_000;

/** Tries again once the system says that it is ready. */
interface Stream {
  readonly name: string;
  /** Sends a request; throws or gives false when it failed. */
  send(): Promise<boolean>;
  /** Whether what it asks says of itself that it is ready. */
  ready(): Promise<boolean>;
}

/**
 * Clients of a running sandbox, each of which sends one request after the other: the application on a VM and on App Service lists and
 * adds customers, and a workload asks Vault itself. What fails is sent once more, when what failed says that it is ready.
 */
export class Load {
  readonly #streams: Promise<void>[];
  #stopped = false;
  sent = 0;
  retried = 0;
  /** Requests whose second try failed too. */
  readonly failures: string[] = [];

  private constructor(streams: readonly Stream[]) {
    this.#streams = streams.map((stream) => this.#run(stream));
  }

  static async start(sandbox: Sandbox): Promise<Load> {
    const [webApp] = [...sandbox.webApps.keys()];
    const [agent] = [...sandbox.agents.values()];
    const workload = await LoggedInWorkload.of(sandbox, sandbox.environment.webApps[0]?.name ?? "");
    // The web app's port is another one after a restart.
    const places = {
      "web app": () => sandbox.webApps.get(webApp ?? "")?.url ?? "",
      "application on a VM": () => `http://${agent?.loopback}:8080`,
    };
    const vaultIsReady = async () =>
      (await askVault(sandbox, undefined, { path: "sys/health" })).status === 200;
    return new Load([
      ...Object.entries(places).flatMap(([name, url]): Stream[] => {
        const ready = async () => (await vaultIsReady()) && (await fetch(`${url()}/readyz`)).ok;
        return [
          {
            name: `${name}: list`,
            send: async () => (await fetch(`${url()}/api/customers?page=1&pageSize=5`)).ok,
            ready,
          },
          {
            name: `${name}: add`,
            send: async () => {
              const headers = { "content-type": "application/json" };
              const answer = await fetch(`${url()}/api/customers`, {
                method: "POST",
                headers,
                body: JSON.stringify(ada),
              });
              return answer.status === 201;
            },
            ready,
          },
        ];
      }),
      {
        name: "Vault: encrypt",
        send: async () => {
          const plaintext = Buffer.from("load").toString("base64");
          return (await workload.ask("POST transit/encrypt/customer-key", { plaintext })).status === 200;
        },
        ready: vaultIsReady,
      },
    ]);
  }

  /** Ends the requests under way; the load is over when this resolves. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#streams);
  }

  async #run(stream: Stream): Promise<void> {
    while (!this.#stopped) {
      this.sent++;
      if (await succeeds(stream)) continue;
      this.retried++;
      const ready = await waitFor(`${stream.name} to be ready`, stream.ready, {
        deadlineMs: PATIENCE_MS,
      }).catch((error: Error) => error.message);
      if (typeof ready === "string" || !(await succeeds(stream))) {
        this.failures.push(`${stream.name} failed twice${typeof ready === "string" ? `; ${ready}` : ""}`);
      }
    }
  }
}

async function succeeds(stream: Stream): Promise<boolean> {
  return stream.send().catch(() => false);
}
