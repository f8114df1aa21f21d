import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "../../../lib/processes/wait-for";
import type { Sandbox } from "../../../sandbox/system/sandbox";
import { ada } from "../../app/running-application";
import { askVault } from "./vault-caller";
import { LoggedInWorkload } from "./workloads";

/** A failed request is sent for the second and last time after at most this time, in milliseconds. */
const PATIENCE_MS = 60_000;

/** Milliseconds between two requests of a stream. The application refuses an address that sends more than 600 requests a minute. */
const APPLICATION_PACE_MS = 800;

/** The same for Vault itself. */
const VAULT_PACE_MS = 100;

/** A stream of requests. It sends a failed request again when its target is ready. */
interface Stream {
  readonly name: string;
  readonly paceMs: number;
  /** Sends a request. Throws or returns the reason if it fails. */
  send(): Promise<string | undefined>;
  /** Returns true if the target reports that it is ready. */
  ready(): Promise<boolean>;
}

/**
 * Clients of a running sandbox. Each sends one request after the other: the application on a VM and on App Service lists and
 * adds customers, and a workload sends requests to Vault itself. A client sends a failed request again when its target is ready.
 */
export class Load {
  readonly #streams: Promise<void>[];
  #stopped = false;
  sent = 0;
  retried = 0;
  /** Requests whose second try also failed. */
  readonly failures: string[] = [];
  /** Ids of the customers that the applications have acknowledged. */
  readonly acknowledged: string[] = [];

  private constructor(streams: readonly Stream[]) {
    this.#streams = streams.map((stream) => this.#run(stream));
  }

  static async start(sandbox: Sandbox): Promise<Load> {
    const [webApp] = [...sandbox.webApps.keys()];
    const [agent] = [...sandbox.agents.values()];
    const workload = await LoggedInWorkload.of(sandbox, sandbox.environment.webApps[0]?.name ?? "");
    // The web app has another port after a restart.
    const places = {
      "web app": () => sandbox.webApps.get(webApp ?? "")?.url ?? "",
      "application on a VM": () => `http://${agent?.loopback}:8080`,
    };
    const vaultIsReady = async () =>
      (await askVault(sandbox, undefined, { path: "sys/health" })).status === 200;
    const load: Load = new Load([
      ...Object.entries(places).flatMap(([name, url]): Stream[] => {
        const ready = async () => (await vaultIsReady()) && (await fetch(`${url()}/readyz`)).ok;
        return [
          {
            name: `${name}: list`,
            paceMs: APPLICATION_PACE_MS,
            send: async () => problemOf(await fetch(`${url()}/api/customers?page=1&pageSize=5`)),
            ready,
          },
          {
            name: `${name}: add`,
            paceMs: APPLICATION_PACE_MS,
            send: async () => {
              const headers = { "content-type": "application/json" };
              const body = JSON.stringify(ada);
              const answer = await fetch(`${url()}/api/customers`, { method: "POST", headers, body });
              const id = /^\/api\/customers\/(.+)$/.exec(answer.headers.get("location") ?? "")?.[1];
              if (answer.ok && id) load.acknowledged.push(id);
              return problemOf(answer);
            },
            ready,
          },
        ];
      }),
      {
        name: "Vault: encrypt",
        paceMs: VAULT_PACE_MS,
        send: async () => {
          const plaintext = Buffer.from("load").toString("base64");
          const { status, errors } = await workload.ask("POST transit/encrypt/customer-key", { plaintext });
          return status === 200 ? undefined : `${status} ${errors}`;
        },
        ready: vaultIsReady,
      },
    ]);
    return load;
  }

  /** Stops the clients. The load has ended when this resolves. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#streams);
  }

  async #run(stream: Stream): Promise<void> {
    while (!this.#stopped) {
      await delay(stream.paceMs);
      this.sent++;
      const first = await problem(stream);
      if (first === undefined) continue;
      this.retried++;
      const begin = performance.now();
      const again = await waitFor(`${stream.name} to be ready`, stream.ready, {
        deadlineMs: PATIENCE_MS,
        intervalMs: 250,
      })
        .then(() => problem(stream))
        .catch((error: Error) => error.message);
      const seconds = ((performance.now() - begin) / 1000).toFixed(1);
      if (again !== undefined) this.failures.push(`${stream.name}: ${first}; ${seconds} s later: ${again}`);
    }
  }
}

async function problemOf(answer: Response): Promise<string | undefined> {
  const text = await answer.text();
  return answer.ok ? undefined : `${answer.status} ${text.slice(0, 200)}`;
}

function problem(stream: Stream): Promise<string | undefined> {
  return stream.send().catch((error: Error) => `${error.message} ${error.cause ?? ""}`);
}
