import { Agent } from "undici";
import type { Unavailable } from "../errors";
import type { OnEvent } from "../lifecycle-event";
import { connectionProblem, HttpError, requestJson } from "./http";
import { type CallOptions, callWithRetries, type Vault, type VaultAnswer, type VaultLogin } from "./vault";

/** Longest time of a check of the agent, milliseconds. */
const checkTimeoutMs = 2_000;

interface TokenLookup {
  policies: string[];
  type: string;
  ttl: number;
  meta: Record<string, string> | null;
}

/** Vault through the listener of Vault Agent, which adds its own token. The application does not log in. */
export class AgentListener implements Vault {
  readonly #sockets = new Map<string, Agent>();
  readonly failure: Unavailable | undefined = undefined;

  constructor(
    /** Address of the listener, such as unix:/ramdisk/app/agent.sock. It may change with the configuration. */
    private readonly address: () => string,
    private readonly onEvent: OnEvent,
  ) {}

  call<Data>(
    method: "GET" | "POST",
    path: string,
    body?: unknown,
    options: CallOptions = {},
  ): Promise<VaultAnswer<Data>> {
    return callWithRetries(
      (timeoutMs) => this.#send<VaultAnswer<Data>>(method, `/v1/${path}`, body, timeoutMs),
      // The agent itself replaces a refused token.
      { ...options, method, path, onEvent: this.onEvent, mayCure: () => true },
    );
  }

  async login(): Promise<VaultLogin> {
    const { data } = await this.call<TokenLookup>("GET", "auth/token/lookup-self");
    const { role = "", ...identity } = data.meta ?? {};
    return {
      address: this.address(),
      role,
      policies: data.policies,
      tokenType: data.type,
      tokenSecondsLeft: data.ttl,
      identity,
    };
  }

  /**
   * Returns true if the lease is valid, or if nobody knows. An agent with a revoked token does not answer requests that need a
   * token (Vault 1.21.0).
   */
  async lives(leaseId: string): Promise<boolean> {
    try {
      await this.#send("POST", "/v1/sys/leases/lookup", { lease_id: leaseId }, checkTimeoutMs);
      return true;
    } catch (error) {
      if (error instanceof HttpError) return ![400, 403].includes(error.status);
      return connectionProblem(error) !== "no answer in time" || !(await this.isUnsealed());
    }
  }

  /** Asks Vault through the agent. This request needs no token. */
  async isUnsealed(): Promise<boolean> {
    try {
      const { sealed } = await this.#send<{ sealed: boolean }>(
        "GET",
        "/v1/sys/seal-status",
        undefined,
        checkTimeoutMs,
      );
      return !sealed;
    } catch {
      return false;
    }
  }

  /** Stops the agent. systemd starts it again, and it logs in and renders everything again. */
  async quit(): Promise<void> {
    await this.#send("POST", "/agent/v1/quit", undefined, checkTimeoutMs);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sockets.values()].map((socket) => socket.destroy()));
  }

  #send<Answer>(method: "GET" | "POST", path: string, body: unknown, timeoutMs: number): Promise<Answer> {
    return requestJson<Answer>({
      method,
      url: `http://localhost${path}`,
      headers: { "x-vault-request": "true" },
      body,
      timeoutMs,
      dispatcher: this.#socket(),
    });
  }

  #socket(): Agent {
    const socketPath = new URL(this.address()).pathname;
    const known = this.#sockets.get(socketPath);
    if (known) return known;
    const socket = new Agent({ connect: { socketPath } });
    this.#sockets.set(socketPath, socket);
    return socket;
  }
}
