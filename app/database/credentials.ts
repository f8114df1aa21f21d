import type { Unavailable } from "../errors";
import type { OnEvent } from "../lifecycle-event";
import { Kept } from "../vault/kept";
import type { Vault } from "../vault/vault";

export interface DatabaseLogin {
  host: string;
  port: number;
  name: string;
  user: string;
  password: string;
  leaseId: string;
  /** Authorities of the server's certificate, PEM; without them Node's own. */
  rootsPem?: string;
}

/** Where the run-time user of the database comes from. */
export interface CredentialSource {
  /** @throws {Unavailable} when there are none in time */
  get(timeoutMs: number): Promise<DatabaseLogin>;
  readonly current: DatabaseLogin | undefined;
  /** The database refuses them. False when asking for others would not help. */
  refused(login: DatabaseLogin): boolean;
  leaseSecondsLeft(): Promise<number | undefined>;
  readonly failure: Unavailable | undefined;
}

/** Making a user takes the database a while; milliseconds. */
const makingDeadlineMs = 15_000;

/** Users that Vault makes for this application, each for as long as its lease. */
export class LeasedCredentials implements CredentialSource {
  readonly #lease: Kept<DatabaseLogin>;

  constructor(
    vault: Vault,
    database: { host: string; port: number; name: string; credentialsPath: string; rootsPem?: string },
    onNew: (login: DatabaseLogin) => void,
    onEvent: OnEvent,
  ) {
    const { credentialsPath, ...server } = database;
    this.#lease = new Kept<DatabaseLogin>({
      what: "database credentials from Vault",
      obtain: async () => {
        const lease = await readCredentials(vault, credentialsPath);
        return { ...lease, value: { ...server, ...lease.value } };
      },
      renew: async ({ leaseId }) => {
        const { lease_duration = 0, renewable = false } = await vault.call(
          "POST",
          "sys/leases/renew",
          {
            lease_id: leaseId,
          },
          { expectRefusal: true },
        );
        return { seconds: lease_duration, renewable };
      },
      onObtained: ({ value, seconds }) => {
        onEvent({ event: "credentials", user: value.user, leaseSeconds: seconds });
        onNew(value);
      },
      onRenewed: (leaseSeconds) => onEvent({ event: "lease-renewed", leaseSeconds }),
      onFailure: ({ reason }) => onEvent({ event: "failure", what: "database credentials", reason }),
    });
  }

  start(): void {
    this.#lease.start();
  }

  get(timeoutMs: number): Promise<DatabaseLogin> {
    return this.#lease.get(timeoutMs);
  }

  get current(): DatabaseLogin | undefined {
    return this.#lease.current;
  }

  get failure(): Unavailable | undefined {
    return this.#lease.current ? undefined : this.#lease.failure;
  }

  refused(login: DatabaseLogin): boolean {
    return this.#lease.refused(login);
  }

  async leaseSecondsLeft(): Promise<number | undefined> {
    return this.#lease.secondsLeft;
  }

  /** The token under which the lease was made is over, and the lease with it. */
  replaceNow(): void {
    this.#lease.replaceNow();
  }

  stop(): void {
    this.#lease.stop();
  }
}

/** A user of a database role, such as database/creds/migration. */
export async function readCredentials(vault: Vault, path: string, options: { expectRefusal?: boolean } = {}) {
  const answer = await vault.call<{ username: string; password: string }>("GET", path, undefined, {
    deadlineMs: makingDeadlineMs,
    ...options,
  });
  const { data, lease_id = "", lease_duration = 0, renewable = false } = answer;
  return {
    value: { user: data.username, password: data.password, leaseId: lease_id },
    seconds: lease_duration,
    renewable,
  };
}
