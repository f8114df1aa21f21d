import { Agent } from "undici";
import type { Unavailable } from "../errors";
import type { OnEvent } from "../lifecycle-event";
import { requestJson } from "./http";
import { type CallOptions, callWithRetries, type Vault, type VaultAnswer, type VaultLogin } from "./vault";

interface TokenLookup {
  policies: string[];
  type: string;
  ttl: number;
  meta: Record<string, string> | null;
}

/** Vault through the listener of Vault Agent, which adds its own token: the application knows no login. */
export class AgentListener implements Vault {
  readonly #direct = new Agent();
  readonly failure: Unavailable | undefined = undefined;

  constructor(
    /** Where the listener is, such as http://127.0.0.1:8100; it may change with the configuration. */
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
      (timeoutMs) =>
        requestJson<VaultAnswer<Data>>({
          method,
          url: `${this.address()}/v1/${path}`,
          headers: { "x-vault-request": "true" },
          body,
          timeoutMs,
          dispatcher: this.#direct,
        }),
      // The agent replaces a token that was refused by itself.
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

  async close(): Promise<void> {
    await this.#direct.destroy();
  }
}
