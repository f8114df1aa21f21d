import { type FSWatcher, readFileSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { Unavailable } from "../errors";
import type { OnEvent } from "../lifecycle-event";
import { type RenderedConfiguration, readRenderedConfiguration, SettingsError } from "../settings";
import type { AgentListener } from "../vault/agent";
import type { CredentialSource, DatabaseLogin } from "./credentials";

/** Vault Agent writes a new file and renames it: several events for one change, milliseconds. */
const settleMs = 50;
/** Interval between two checks of the lease in Vault, milliseconds. The agent itself checks after two thirds of the lease. */
const leaseCheckMs = 5_000;
/** Pause between two restarts of the agent, milliseconds. A restarted agent needs time to reach Vault and render. */
const betweenQuitsMs = 60_000;
/** Interval of checks when no event comes, for example after a mount over the folder; milliseconds. */
const lookAgainMs = 15_000;

/** The configuration that Vault Agent renders. The application rereads it when it changes and on SIGHUP. */
export class RenderedCredentials implements CredentialSource {
  #configuration?: RenderedConfiguration;
  #login?: DatabaseLogin;
  #text = "";
  #failure?: Unavailable;
  #watcher?: FSWatcher;
  #settling?: NodeJS.Timeout;
  #timer?: NodeJS.Timeout;
  #leaseTimer?: NodeJS.Timeout;
  #over?: DatabaseLogin;
  /** The database no longer has its user. */
  #gone?: DatabaseLogin;
  #quit?: { login: DatabaseLogin; at: number };
  #agent?: AgentListener;
  readonly #onHangup = () => this.#read();

  constructor(
    private readonly file: string,
    private readonly rootsPem: string | undefined,
    private readonly onNew: (login: DatabaseLogin) => void,
    private readonly onEvent: OnEvent,
  ) {}

  start(agent: AgentListener): void {
    this.#agent = agent;
    this.#leaseTimer = setInterval(() => void this.#checkLease(), leaseCheckMs);
    process.on("SIGHUP", this.#onHangup);
    this.#timer = setInterval(() => this.#look(), lookAgainMs);
    this.#look();
  }

  get configuration(): RenderedConfiguration | undefined {
    return this.#configuration;
  }

  get current(): DatabaseLogin | undefined {
    return this.#login;
  }

  get failure(): Unavailable | undefined {
    return this.#login ? undefined : this.#failure;
  }

  async get(timeoutMs: number): Promise<DatabaseLogin> {
    const until = Date.now() + timeoutMs;
    while (!this.#login) {
      if (Date.now() >= until)
        throw this.#failure ?? new Unavailable("Vault Agent has rendered nothing yet.", 5);
      await new Promise((resolve) => setTimeout(resolve, Math.min(settleMs, until - Date.now())));
    }
    return this.#login;
  }

  /** The file may be newer than the login in use. If not, the check of the lease restarts the agent. */
  refused(login: DatabaseLogin, userIsGone: boolean): boolean {
    this.#read();
    if (login !== this.#login) return true;
    if (userIsGone) this.#gone = login;
    return false;
  }

  /** Asks Vault, because the agent does not rewrite the file when it renews the lease. */
  async leaseSecondsLeft(): Promise<number | undefined> {
    const leaseId = this.#login?.leaseId;
    if (!leaseId || !this.#agent) return undefined;
    const answer = await this.#agent
      .call<{ ttl: number }>("POST", "sys/leases/lookup", { lease_id: leaseId }, { expectRefusal: true })
      .catch(() => undefined);
    return answer?.data.ttl;
  }

  stop(): void {
    process.off("SIGHUP", this.#onHangup);
    this.#watcher?.close();
    clearInterval(this.#timer);
    clearInterval(this.#leaseTimer);
    clearTimeout(this.#settling);
  }

  /**
   * Finds a revoked lease early: the agent would notice only at the next renewal. A revoked agent token ends the lease, too.
   * It checks twice, because the agent may be about to replace both.
   */
  async #checkLease(): Promise<void> {
    const login = this.#login;
    if (!login?.leaseId || !this.#agent || !(await this.#isOver(login, this.#agent))) {
      this.#over = undefined;
    } else if (this.#over !== login) {
      this.#over = login;
    } else if (this.#quit?.login !== login || Date.now() - this.#quit.at > betweenQuitsMs) {
      this.#quit = { login, at: Date.now() };
      this.onEvent({
        event: "failure",
        what: "lease",
        reason: "The lease has ended, or its database user is gone. Vault Agent restarts.",
      });
      await this.#agent.quit().catch(() => undefined);
    }
  }

  /** The lease of a user that somebody dropped still lives, so Vault Agent would keep it. */
  async #isOver(login: DatabaseLogin, agent: AgentListener): Promise<boolean> {
    return login === this.#gone ? agent.isUnsealed() : !(await agent.lives(login.leaseId));
  }

  #look(): void {
    this.#watch();
    this.#read();
  }

  /** Watches the folder, because each change replaces the file. */
  #watch(): void {
    if (this.#watcher) return;
    try {
      this.#watcher = watch(dirname(this.file), (_event, name) => {
        if (name !== null && name !== basename(this.file)) return;
        clearTimeout(this.#settling);
        this.#settling = setTimeout(() => this.#read(), settleMs);
      });
      this.#watcher.on("error", () => {
        this.#watcher?.close();
        this.#watcher = undefined;
      });
    } catch {
      // The folder does not exist yet. The timer tries again, and the read reports the reason.
    }
  }

  #read(): void {
    try {
      const text = readFileSync(this.file, "utf8");
      if (text === this.#text) return;
      const configuration = readRenderedConfiguration(text);
      const first = this.#text === "";
      this.#text = text;
      this.#configuration = configuration;
      this.#failure = undefined;
      if (!first) this.onEvent({ event: "configuration-changed" });
      this.#use(configuration);
    } catch (error) {
      // The previous configuration stays in use, because the agent may be about to write the file.
      const reason =
        error instanceof SettingsError
          ? `The configuration from Vault Agent cannot be used: ${error.problems.join("; ")}.`
          : `The file that Vault Agent renders cannot be read (${(error as NodeJS.ErrnoException).code}).`;
      this.#failure = new Unavailable(reason, 5);
      this.onEvent({ event: "failure", what: "configuration", reason });
    }
  }

  #use({ database: { lease, ...login } }: RenderedConfiguration): void {
    if (this.#login?.user === login.user && this.#login.password === login.password) return;
    this.#login = { ...login, leaseId: lease.id, rootsPem: this.rootsPem };
    this.onEvent({ event: "credentials", user: login.user, leaseSeconds: lease.seconds });
    this.onNew(this.#login);
  }
}
