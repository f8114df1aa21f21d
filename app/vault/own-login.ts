import { z } from "zod";
import { Unavailable } from "../errors";
import type { OnEvent } from "../lifecycle-event";
import type { VaultSettings } from "../settings";
import { connectionProblem, HttpError, requestJson } from "./http";
import { claimsOf, ManagedIdentity } from "./identity";
import { Kept, type Obtained } from "./kept";
import { publicDispatcher, Trust } from "./trust";
import { type CallOptions, callWithRetries, type Vault, type VaultAnswer, type VaultLogin } from "./vault";

const loginAnswer = z.object({
  auth: z.object({
    client_token: z.string(),
    policies: z.array(z.string()),
    token_type: z.string(),
    lease_duration: z.number(),
    renewable: z.boolean(),
  }),
});
type Login = z.infer<typeof loginAnswer>["auth"] & { claims: Record<string, string> };

/** A version of a certificate in Key Vault; times in seconds. */
interface CertificateVersion {
  id: string;
  attributes: { enabled: boolean; created: number; exp: number };
}

/** Longest time of a login, milliseconds. Then the application tries again. */
const loginDeadlineMs = 10_000;

/** Vault with the application's own login: the auth method jwt, with the identity's token. */
export class OwnLogin implements Vault {
  readonly #identity: ManagedIdentity;
  readonly #trust: Trust;
  readonly #public;
  readonly #token: Kept<Login>;

  constructor(
    private readonly settings: VaultSettings,
    private readonly onEvent: OnEvent,
    /** Called when a new token replaces an old one. Leases of a batch token end with their token. */
    onNewToken: () => void,
  ) {
    this.#identity = new ManagedIdentity(settings.identity, onEvent);
    this.#public = publicDispatcher(settings.proxy, settings.rootsPem);
    const { certificateUrl, caPem, proxy } = settings;
    this.#trust = new Trust({
      caPem,
      fetchCertificates: certificateUrl ? () => this.#fetchCertificates(certificateUrl) : undefined,
      proxy,
      onEvent,
    });
    let first = true;
    this.#token = new Kept<Login>({
      what: "a token of Vault",
      obtain: () => this.#logIn(),
      renew: (login) => this.#renew(login),
      onObtained: ({ seconds }) => {
        onEvent({ event: "login", role: settings.role, tokenSeconds: seconds });
        if (!first) onNewToken();
        first = false;
      },
      onRenewed: (tokenSeconds) => onEvent({ event: "token-renewed", tokenSeconds }),
      onFailure: ({ reason }) => onEvent({ event: "failure", what: "login", reason }),
    });
  }

  start(): void {
    this.#token.start();
  }

  get failure(): Unavailable | undefined {
    return this.#token.current ? undefined : this.#token.failure;
  }

  call<Data>(
    method: "GET" | "POST",
    path: string,
    body?: unknown,
    options: CallOptions = {},
  ): Promise<VaultAnswer<Data>> {
    let used: Login | undefined;
    return callWithRetries<VaultAnswer<Data>>(
      async (timeoutMs) => {
        used = await this.#token.get(timeoutMs);
        return this.#send(method, path, body, timeoutMs, used.client_token);
      },
      {
        ...options,
        method,
        path,
        onEvent: this.onEvent,
        mayCure: () => used === undefined || this.#token.refused(used),
        heal: (error) => this.#heal(error),
      },
    );
  }

  async login(): Promise<VaultLogin> {
    const login = this.#token.current;
    return {
      address: this.settings.address,
      role: this.settings.role,
      policies: login?.policies ?? [],
      tokenType: login?.token_type ?? "",
      tokenSecondsLeft: this.#token.secondsLeft,
      identity: login?.claims ?? {},
    };
  }

  async close(): Promise<void> {
    this.#token.stop();
    await Promise.all([this.#trust.close(), this.#identity.close(), this.#public.destroy()]);
  }

  async #logIn(): Promise<Obtained<Login>> {
    const { authMount, role, tokenResource } = this.settings;
    const jwt = await this.#identity.token(tokenResource);
    const path = `auth/${authMount}/login`;
    const answer = await callWithRetries((timeoutMs) => this.#send("POST", path, { role, jwt }, timeoutMs), {
      method: "POST",
      path,
      deadlineMs: loginDeadlineMs,
      onEvent: this.onEvent,
      mayCure: () => false,
      heal: (error) => this.#heal(error),
    }).catch((error) => {
      // Vault answers 400 with a reason if the token or the role is wrong.
      if (!(error instanceof HttpError)) throw error;
      const words = error.errors.join("; ");
      // The token is new. If it is too old or too young, a clock is wrong. Source: hashicorp/cap, jwt.
      const hint = /expired|not yet valid|nbf|in the future/.test(words)
        ? ". The clock of Vault's VM or of the identity endpoint is wrong"
        : "";
      throw new Unavailable(`Vault refuses the login as ${role}: ${words}${hint}`, 30, { cause: error });
    });
    const { auth } = loginAnswer.parse(answer);
    return {
      value: { ...auth, claims: claimsOf(jwt) },
      seconds: auth.lease_duration,
      renewable: auth.renewable,
    };
  }

  /** Vault reports at the login whether a token is renewable. Batch tokens are not. */
  async #renew({ client_token }: Login): Promise<{ seconds: number; renewable: boolean }> {
    const answer = await this.#send("POST", "auth/token/renew-self", {}, loginDeadlineMs, client_token);
    const { lease_duration, renewable } = loginAnswer.parse(answer).auth;
    return { seconds: lease_duration, renewable };
  }

  #send<Answer>(
    method: "GET" | "POST",
    path: string,
    body: unknown,
    timeoutMs: number,
    token?: string,
  ): Promise<Answer> {
    return requestJson({
      method,
      url: `${this.settings.address}/v1/${path}`,
      headers: { "x-vault-request": "true", ...(token && { "x-vault-token": token }) },
      body,
      timeoutMs,
      dispatcher: this.#trust.dispatcher,
    });
  }

  async #heal(error: unknown): Promise<boolean> {
    try {
      return await this.#trust.heal(error);
    } catch (problem) {
      const reason = problem instanceof Unavailable ? problem.reason : connectionProblem(problem);
      this.onEvent({ event: "failure", what: "certificate", reason });
      return false;
    }
  }

  /** Uses the application's own identity, which may read the public part of this certificate only. */
  async #fetchCertificates(certificateUrl: string): Promise<string[]> {
    // In each of Azure's clouds, https://<name>.<domain>/… belongs to the resource https://<domain>.
    const resource = `https://${new URL(certificateUrl).hostname.split(".").slice(1).join(".")}`;
    const token = await this.#identity.token(resource);
    const get = <T>(url: string) =>
      requestJson<T>({
        method: "GET",
        url: `${url}?api-version=7.4`,
        headers: { authorization: `Bearer ${token}` },
        timeoutMs: loginDeadlineMs,
        dispatcher: this.#public,
      });
    const [newest, { value }] = await Promise.all([
      get<CertificateVersion & { cer: string }>(certificateUrl),
      get<{ value: CertificateVersion[] }>(`${certificateUrl}/versions`),
    ]);
    const [before] = value
      .filter(
        ({ id, attributes: { enabled, exp } }) => id !== newest.id && enabled && exp * 1000 > Date.now(),
      )
      .sort((a, b) => b.attributes.created - a.attributes.created);
    const certificates = before ? [newest, await get<{ cer: string }>(before.id)] : [newest];
    return certificates.map(
      ({ cer }) =>
        `-----BEGIN CERTIFICATE-----\n${cer.replace(/.{1,64}/g, "$&\n")}-----END CERTIFICATE-----\n`,
    );
  }
}
