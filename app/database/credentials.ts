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
  /** Root certificates for the server's certificate, PEM. Without them, Node's own roots count. */
  rootsPem?: string;
}

/** Supplies the database user that the application runs with. */
export interface CredentialSource {
  /** @throws {Unavailable} if no credentials arrive in time */
  get(timeoutMs: number): Promise<DatabaseLogin>;
  readonly current: DatabaseLogin | undefined;
  /**
   * Reports that the database refuses them, and whether it no longer has their user. Returns false if new credentials
   * would not help.
   */
  refused(login: DatabaseLogin, userIsGone: boolean): boolean;
  leaseSecondsLeft(): Promise<number | undefined>;
  readonly failure: Unavailable | undefined;
}

/** The database needs a while to create a user; milliseconds. */
const makingDeadlineMs = 15_000;

/** Users that Vault creates for this application. Each lives as long as its lease. */
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

  /** Replaces the lease, because the token that created it has ended, and the lease with it. */
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
