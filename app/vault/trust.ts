import { X509Certificate } from "node:crypto";
import { Agent, type Dispatcher, EnvHttpProxyAgent } from "undici";
import type { OnEvent } from "../lifecycle-event";
import type { ProxySettings } from "../settings";
import { causes } from "./http";

/** What OpenSSL says when a server's certificate is none of those that are trusted. */
const verificationFailures = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_SIGNATURE_FAILURE",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

export interface TrustOptions {
  /** PEM; without it the system's roots. */
  caPem?: string;
  /** Fetches the newest certificate of the server, PEM; undefined where there is nowhere to fetch it from. */
  fetchNewest?: () => Promise<string>;
  proxy: ProxySettings;
  onEvent: OnEvent;
}

/** A server that does not finish the handshake in this time is tried anew, milliseconds. */
const connectTimeoutMs = 3_000;

/** A newest certificate is not asked for more often than this, milliseconds. */
const betweenFetchesMs = 2_000;

/**
 * Connections to Vault, verified against its own certificate and nothing else. Vault renews it while the application runs:
 * when verification fails, the newest is fetched from Key Vault, and the one before it stays trusted until the next.
 */
export class Trust {
  #trusted: string[];
  #dispatcher: Dispatcher;
  #healing?: Promise<boolean>;
  #fetchedAt = 0;

  constructor(private readonly options: TrustOptions) {
    this.#trusted = options.caPem ? [options.caPem] : [];
    this.#dispatcher = this.#connect();
  }

  get dispatcher(): Dispatcher {
    return this.#dispatcher;
  }

  /** After a failed request: whether the certificate was the reason, and a newer one is trusted now. */
  async heal(error: unknown): Promise<boolean> {
    if (!this.options.fetchNewest || !isVerificationFailure(error)) return false;
    this.#healing ??= this.#fetch().finally(() => {
      this.#healing = undefined;
    });
    return this.#healing;
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  async #fetch(): Promise<boolean> {
    if (Date.now() - this.#fetchedAt < betweenFetchesMs) return true;
    const newest = await this.options.fetchNewest?.();
    this.#fetchedAt = Date.now();
    if (newest === undefined || newest === this.#trusted[0]) return false;
    this.#trusted = [newest, ...this.#trusted.slice(0, 1)];
    const old = this.#dispatcher;
    this.#dispatcher = this.#connect();
    void old.close();
    this.options.onEvent({
      event: "certificate-renewed",
      fingerprint: new X509Certificate(newest).fingerprint256,
    });
    return true;
  }

  #connect(): Dispatcher {
    const tls = {
      timeout: connectTimeoutMs,
      ca: this.#trusted.length > 0 ? this.#trusted : undefined,
      // The certificate itself is trusted, whoever signed it. Since Node 20.18; a self-signed one needs it not.
      allowPartialTrustChain: true,
    };
    const { https, except } = this.options.proxy;
    if (!https) return new Agent({ connect: tls });
    return new EnvHttpProxyAgent({ httpsProxy: https, noProxy: except ?? "", connect: tls, requestTls: tls });
  }
}

/** Connections to Azure's public services, which the system's roots vouch for. */
export function publicDispatcher({ https, except }: ProxySettings, rootsPem?: string): Dispatcher {
  const tls = { ca: rootsPem };
  return https
    ? new EnvHttpProxyAgent({ httpsProxy: https, noProxy: except ?? "", connect: tls, requestTls: tls })
    : new Agent({ connect: tls });
}

function isVerificationFailure(error: unknown): boolean {
  return causes(error).some(({ code }) => verificationFailures.has(code ?? ""));
}
