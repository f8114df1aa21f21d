import { randomUUID } from "node:crypto";
import { CustomerRows } from "./customers/customer-rows";
import type { CustomerStore } from "./customers/customer-store";
import { EncryptedCustomerStore } from "./customers/encrypted-customer-store";
import { madeUpCustomers } from "./customers/made-up-customers";
import { type CredentialSource, LeasedCredentials } from "./database/credentials";
import { migrate } from "./database/migrate";
import { Pools } from "./database/pools";
import { RenderedCredentials } from "./database/rendered-credentials";
import { CustomerCipher } from "./encryption/customer-cipher";
import { Transform } from "./encryption/transform";
import { TransitKey } from "./encryption/transit";
import { NotGranted, Unavailable } from "./errors";
import type { LifecycleEvent, OnEvent } from "./lifecycle-event";
import { Rewrap, type RewrappingProgress } from "./rewrapping";
import {
  type AgentSettings,
  type EncryptionSettings,
  renderedEncryption,
  type Settings,
  type VaultSettings,
} from "./settings";
import type { Readiness, StepState, SystemStatus } from "./status";
import { AgentListener } from "./vault/agent";
import { OwnLogin } from "./vault/own-login";
import type { Vault, VaultLogin } from "./vault/vault";

/**
 * The part of the application that the web layer uses. In server.ts:
 *   const application = await createApplication(readSettings(process.env), { onEvent: (event) => log(event) });
 *   … serve `application.store`; /readyz from `ready()`; the page about identity and leases from `status()` …
 *   SIGTERM: stop listening, finish requests, then `await application.close()`.
 * SIGHUP belongs to the application, not to the web layer: with Vault Agent, it rereads the configuration.
 */
export interface Application {
  readonly store: CustomerStore;
  /** Never throws. A part that is unavailable is empty, and `readiness` says why. */
  status(): Promise<SystemStatus>;
  /** Cheap enough for a probe each second. */
  ready(): Promise<Readiness>;
  /** Encrypts rows again that an older version of the key encrypted. @throws {Unavailable} */
  rewrap(onProgress: (progress: RewrappingProgress) => void): Promise<RewrappingProgress>;
  /** Stops renewals and watches, and closes connections once they are idle. */
  close(): Promise<void>;
}

export interface ApplicationOptions {
  onEvent?: OnEvent;
  /** If true (the default), adds made-up customers to an empty database. */
  seed?: boolean;
}

/**
 * Returns at once, even if Vault or the database does not answer yet. Until both answer, calls throw `Unavailable` and
 * `ready()` names the cause. The application migrates and seeds the database itself.
 * @throws only if the settings can never work
 */
export async function createApplication(
  settings: Settings,
  { onEvent = () => {}, seed = true }: ApplicationOptions = {},
): Promise<Application> {
  const application = new RunningApplication(settings, onEvent, seed);
  application.start();
  return application;
}

/** Milliseconds between two tries to prepare the database. */
const preparePauseMs = { first: 500, longest: 10_000 };
/** Longest time that a probe waits for the database, milliseconds. */
const probeDeadlineMs = 1_500;
const noDatabase = new NotGranted(
  "This workload has no database: its environment names no databaseRole for it. Add one, then deploy web-app and vault-config.",
);

/** The source of Vault's answers and of the credentials. Everything else is the same in both ways. */
interface Way {
  vault: Vault;
  credentials: CredentialSource;
  encryption: () => EncryptionSettings;
  start: () => void;
  stop: () => Promise<unknown>;
}

class RunningApplication implements Application {
  readonly store: CustomerStore;
  readonly #pools: Pools;
  readonly #rows: CustomerRows;
  readonly #way: Way;
  /** By mount and name, which Vault Agent's configuration may change. */
  readonly #keys = new Map<string, TransitKey>();
  /** Set if the environment gives this workload less than the application needs. */
  readonly #notGranted?: NotGranted;
  #prepared = false;
  #preparing?: Unavailable;
  #timer?: NodeJS.Timeout;
  #closed = false;

  constructor(
    private readonly settings: Settings,
    private readonly onEvent: OnEvent,
    private readonly seed: boolean,
  ) {
    this.#pools = new Pools(() => this.#way.credentials, onEvent);
    this.#way = settings.way === "vault" ? this.#ownLogin(settings) : this.#agent(settings);
    if (settings.way === "vault") this.#notGranted = notGranted(settings);
    this.#rows = new CustomerRows(this.#pools);
    this.store = new EncryptedCustomerStore(
      this.#rows,
      () => this.#cipher(),
      () => this.#assertPrepared(),
    );
  }

  start(): void {
    this.#way.start();
    if (!this.#notGranted) void this.#prepare(preparePauseMs.first);
  }

  async ready(): Promise<Readiness> {
    return this.#readiness(await this.#problems());
  }

  async status(): Promise<SystemStatus> {
    const { vault, credentials, encryption } = this.#way;
    const { key, transformRole } = encryption();
    const [problems, login, leaseSecondsLeft, latestVersion, rowsByVersion] = await Promise.all([
      this.#problems(),
      vault.login().catch(unavailable),
      credentials.leaseSecondsLeft(),
      this.#key()
        .latestVersion()
        .catch(() => undefined),
      this.#prepared ? this.#rows.rowsByVersion().catch(() => undefined) : undefined,
    ]);
    const database = credentials.current;
    const { identity, ...shown } = login instanceof Unavailable ? unknownLogin : login;
    const loginProblem = login instanceof Unavailable ? login : vault.failure;
    return {
      way: this.settings.way,
      readiness: this.#readiness(problems),
      steps: {
        identity: Object.keys(identity).length > 0 ? { state: "works" } : { state: "unknown" },
        vault: stepOf(loginProblem),
        database: credentials.current || !loginProblem ? stepOf(problems.database) : { state: "unknown" },
        encryption: stepOf(problems.vault),
      },
      identity,
      vault: { ...shown, edition: transformRole ? "enterprise" : "community" },
      database: {
        host: database?.host ?? "",
        name: database?.name ?? "",
        user: database?.user ?? "",
        leaseId: database?.leaseId ?? "",
        leaseSecondsLeft,
        replacements: this.#pools.replacements,
      },
      transit: { key, latestVersion, rowsByVersion },
    };
  }

  /** Returns why Vault and the database are unavailable now. Sends no request if the answer is already known. */
  async #problems(): Promise<Problems> {
    const { vault, credentials } = this.#way;
    if (this.#notGranted) return { vault: this.#notGranted, database: credentials.failure };
    const [vaultProblem, databaseProblem] = await Promise.all([
      vault.failure ?? this.#probeVault().catch(unavailable),
      credentials.failure ?? this.#probeDatabase().catch(unavailable),
    ]);
    return { vault: vaultProblem ?? undefined, database: databaseProblem ?? undefined };
  }

  #readiness({ vault, database }: Problems): Readiness {
    const unprepared =
      this.#prepared || this.#notGranted
        ? undefined
        : (this.#preparing ?? new Unavailable("The application is starting.", 2));
    const problems = [vault, database, unprepared].filter((problem) => problem !== undefined);
    return {
      ready: problems.length === 0,
      reasons: [...new Set(problems.map(({ reason }) => reason))],
      retryAfterSeconds: Math.max(1, ...problems.map(({ retryAfterSeconds }) => retryAfterSeconds)),
    };
  }

  async rewrap(onProgress: (progress: RewrappingProgress) => void): Promise<RewrappingProgress> {
    this.#assertPrepared();
    return new Rewrap(this.#rows, this.#cipher(), this.#key()).run(onProgress);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#pools.close();
    await this.#way.stop();
  }

  #ownLogin(settings: VaultSettings): Way {
    const { onEvent } = this;
    let leased: LeasedCredentials | undefined;
    const vault = new OwnLogin(settings, onEvent, () => leased?.replaceNow());
    if (settings.database) {
      leased = new LeasedCredentials(
        vault,
        { ...settings.database, rootsPem: settings.rootsPem },
        (login) => this.#replacePool(login),
        onEvent,
      );
    }
    return {
      vault,
      credentials: leased ?? noCredentials,
      encryption: () => settings.encryption,
      start: () => {
        vault.start();
        leased?.start();
      },
      stop: () => {
        leased?.stop();
        return vault.close();
      },
    };
  }

  #agent({ configFile, rootsPem }: AgentSettings): Way {
    const { onEvent } = this;
    const credentials = new RenderedCredentials(
      configFile,
      rootsPem,
      (login) => this.#replacePool(login),
      onEvent,
    );
    const vault = new AgentListener(
      () => credentials.configuration?.vault.address ?? "unix:/ramdisk/app/agent.sock",
      onEvent,
    );
    return {
      vault,
      credentials,
      encryption: () =>
        credentials.configuration
          ? renderedEncryption(credentials.configuration)
          : { transitMount: "transit", key: "customer-key" },
      start: () => credentials.start(vault),
      stop: () => {
        credentials.stop();
        return vault.close();
      },
    };
  }

  #replacePool(login: Parameters<Pools["replace"]>[0]): void {
    void this.#pools.replace(login);
  }

  /** Simultaneous callers share the key, so that they share requests. */
  #key(name = this.#way.encryption().key): TransitKey {
    const { transitMount } = this.#way.encryption();
    const path = `${transitMount}/${name}`;
    const key = this.#keys.get(path) ?? new TransitKey(this.#way.vault, transitMount, name);
    this.#keys.set(path, key);
    return key;
  }

  #cipher(): CustomerCipher {
    const { archiveKey, transformRole } = this.#way.encryption();
    return new CustomerCipher(
      this.#key(),
      archiveKey === undefined ? undefined : this.#key(archiveKey),
      transformRole === undefined ? undefined : new Transform(this.#way.vault, transformRole),
    );
  }

  /** Creates the schema and the first customers. Tries again until both exist. */
  async #prepare(pauseMs: number): Promise<void> {
    try {
      const { vault, credentials } = this.#way;
      await migrate(this.#pools, vault, await credentials.get(preparePauseMs.longest), this.onEvent);
      if (this.seed) await this.#seed();
      this.#prepared = true;
      this.#preparing = undefined;
    } catch (error) {
      if (this.#closed) return;
      this.#preparing =
        error instanceof Unavailable
          ? error
          : new Unavailable("The database cannot be prepared; the log says why.", 10, { cause: error });
      const reason = error instanceof Unavailable ? error.reason : String(error);
      this.onEvent({ event: "failure", what: "prepare the database", reason });
      const next = Math.min(pauseMs * 2, preparePauseMs.longest);
      this.#timer = setTimeout(() => void this.#prepare(next), pauseMs);
    }
  }

  async #seed(): Promise<void> {
    const rowKeys = madeUpCustomers.map(() => randomUUID());
    const open = madeUpCustomers.map((input, index) => ({ rowKey: rowKeys[index] ?? "", input }));
    const customers = await this.#rows.seed(() => this.#cipher().seal(open), rowKeys);
    if (customers > 0) this.onEvent({ event: "seeded", customers });
  }

  #assertPrepared(): void {
    if (this.#prepared) return;
    const { vault, credentials } = this.#way;
    throw (
      this.#notGranted ??
      vault.failure ??
      credentials.failure ??
      this.#preparing ??
      new Unavailable("The application is starting.", 2)
    );
  }

  /** Requests a keyed hash, because that needs everything: a token, an unsealed Vault, the key and the policy. */
  async #probeVault(): Promise<void> {
    await this.#key().hmac(["readiness"]);
  }

  /** Requests the user's own rights. Other statements succeed for a dropped user until its connection ends. */
  async #probeDatabase(): Promise<void> {
    await this.#pools.use("probe the database", (session) => session.rows("SHOW GRANTS"), probeDeadlineMs);
  }
}

interface Problems {
  vault: Unavailable | undefined;
  database: Unavailable | undefined;
}

function stepOf(problem: Unavailable | undefined): StepState {
  return problem ? { state: "fails", reason: problem.reason } : { state: "works" };
}

/** Converts an error to an `Unavailable` with a reason for people. If Vault refuses a probe, that is a failure, too. */
function unavailable(error: unknown): Unavailable {
  if (error instanceof Unavailable) return error;
  return new Unavailable("Vault or the database refuses what the application needs; the log says why.", 10, {
    cause: error,
  });
}

/** Names everything that is missing in one sentence, because one edit adds it. */
function notGranted({ missingPaths, database }: VaultSettings): NotGranted | undefined {
  if (missingPaths.length === 0) return database ? undefined : noDatabase;
  const missing = [...(database ? [] : ["databaseRole"]), ...missingPaths.map((path) => `the path ${path}`)];
  return new NotGranted(
    `This workload's environment does not give it what the application needs: ${missing.join(", ")}. Add this to the workload, then deploy web-app and vault-config.`,
  );
}

const unknownLogin: VaultLogin = {
  address: "",
  role: "",
  policies: [],
  tokenType: "",
  tokenSecondsLeft: undefined,
  identity: {},
};

const noCredentials: CredentialSource = {
  current: undefined,
  failure: noDatabase,
  get: () => Promise.reject(noDatabase),
  refused: () => false,
  leaseSecondsLeft: async () => undefined,
};

export type { LifecycleEvent, RewrappingProgress };
