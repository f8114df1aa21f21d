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
  /**
   * Fetches the newest certificate of the server, PEM, and the one before it while that is valid; undefined where there is nowhere
   * to fetch them from.
   */
  fetchCertificates?: () => Promise<string[]>;
  proxy: ProxySettings;
  onEvent: OnEvent;
}

/** A server that does not finish the handshake in this time is tried anew, milliseconds. */
const connectTimeoutMs = 3_000;

/** A newest certificate is not asked for more often than this, milliseconds. */
const betweenFetchesMs = 2_000;

/**
 * Connections to Vault, verified against its own certificate and nothing else. Vault renews it while the application runs, up to an
 * hour after Key Vault has the new one: when verification fails, the newest is fetched and the one before it, and both are trusted.
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
    if (!this.options.fetchCertificates || !isVerificationFailure(error)) return false;
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
    const fetched = (await this.options.fetchCertificates?.()) ?? [];
    this.#fetchedAt = Date.now();
    const [first] = this.#trusted;
    const trusted = [...new Set([...fetched, ...this.#trusted.slice(0, 1)])];
    // Of two with one name OpenSSL may find the first one only, which just failed.
    if (trusted.length > 1 && trusted[0] === first) trusted.push(...trusted.splice(0, 1));
    const [next] = trusted;
    if (next === undefined || next === first) return false;
    this.#trusted = trusted;
    const old = this.#dispatcher;
    this.#dispatcher = this.#connect();
    void old.close();
    this.options.onEvent({
      event: "certificate-renewed",
      fingerprint: new X509Certificate(next).fingerprint256,
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
