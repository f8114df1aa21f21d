import { X509Certificate } from "node:crypto";
import { Agent, type Dispatcher, EnvHttpProxyAgent } from "undici";
import type { OnEvent } from "../lifecycle-event";
import type { ProxySettings } from "../settings";
import { causes } from "./http";

/** OpenSSL's error codes for an untrusted server certificate. */
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
  /** PEM. Without it, the system's roots count. */
  caPem?: string;
  /**
   * Fetches the server's newest certificate and, while it is valid, the previous one. Both are PEM. Undefined if the server
   * publishes no certificates.
   */
  fetchCertificates?: () => Promise<string[]>;
  proxy: ProxySettings;
  onEvent: OnEvent;
}

/** Longest time of a handshake, milliseconds. Then the application tries again. */
const connectTimeoutMs = 3_000;

/** Shortest time between two fetches of the newest certificate, milliseconds. */
const betweenFetchesMs = 2_000;

/**
 * Connections to Vault that trust only Vault's own certificate. Vault changes it while the application runs, up to an hour after
 * Key Vault has the new one. If verification fails, this fetches and trusts the newest certificate and the previous one.
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

  /** Returns true if the certificate caused the failed request, and a newer one is trusted now. */
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
    // If two certificates have one name, OpenSSL may check only the first, which just failed.
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
      // Trusts the certificate itself, whichever authority signed it. Needs Node 20.18. Self-signed certificates do not need it.
      allowPartialTrustChain: true,
    };
    const { https, except } = this.options.proxy;
    if (!https) return new Agent({ connect: tls });
    return new EnvHttpProxyAgent({ httpsProxy: https, noProxy: except ?? "", connect: tls, requestTls: tls });
  }
}

/** Connections to Azure's public services, verified by the system's roots. */
export function publicDispatcher({ https, except }: ProxySettings, rootsPem?: string): Dispatcher {
  const tls = { ca: rootsPem };
  return https
    ? new EnvHttpProxyAgent({ httpsProxy: https, noProxy: except ?? "", connect: tls, requestTls: tls })
    : new Agent({ connect: tls });
}

function isVerificationFailure(error: unknown): boolean {
  return causes(error).some(({ code }) => verificationFailures.has(code ?? ""));
}
