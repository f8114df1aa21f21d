import { Agent, type Dispatcher } from "undici";
import { z } from "zod";
import { Unavailable } from "../errors";
import type { OnEvent } from "../lifecycle-event";
import { withRetries } from "../retry";
import { connectionProblem, HttpError, requestJson } from "./http";

const answer = z.object({ access_token: z.string().min(1) });

/** The managed identity of a web app or function: tokens from App Service's identity endpoint, version 2019-08-01. */
export class ManagedIdentity {
  /** The connection never uses a proxy, because the endpoint is inside the application's own sandbox. */
  readonly #direct: Dispatcher = new Agent();

  constructor(
    private readonly endpoint: { endpoint: string; header: string },
    private readonly onEvent: OnEvent,
  ) {}

  /** @throws {Unavailable} with the endpoint's answer */
  async token(resource: string): Promise<string> {
    const url = new URL(this.endpoint.endpoint);
    url.searchParams.set("api-version", "2019-08-01");
    url.searchParams.set("resource", resource);
    const body = await withRetries(
      (leftMs) =>
        requestJson({
          method: "GET",
          url: url.href,
          headers: { "x-identity-header": this.endpoint.header },
          timeoutMs: leftMs,
          dispatcher: this.#direct,
        }),
      { what: "GET identity token", judge, onEvent: this.onEvent },
    ).catch((error) => {
      if (!(error instanceof HttpError)) throw error;
      throw new Unavailable(reasonOf(error), 10, { cause: error });
    });
    const { data } = answer.safeParse(body);
    if (!data) throw new Unavailable("App Service's identity endpoint answered without a token.", 10);
    return data.access_token;
  }

  async close(): Promise<void> {
    await this.#direct.destroy();
  }
}

function judge(error: unknown) {
  if (!(error instanceof HttpError)) {
    return { reason: `App Service's identity endpoint does not answer (${connectionProblem(error)}).` };
  }
  // The endpoint answers 404 and 410 during its own update. Source: Azure, guidance on managed identity retries.
  const transient = error.status >= 500 || [404, 408, 410, 429].includes(error.status);
  return transient
    ? { reason: reasonOf(error), pauseMs: error.retryAfterSeconds && error.retryAfterSeconds * 1000 }
    : undefined;
}

const reasonOf = ({ status }: HttpError) => `App Service's identity endpoint refuses a token (${status}).`;

/** Returns a token's claims, for display only. It does not check the signature, but Vault does. */
export function claimsOf(jwt: string): Record<string, string> {
  try {
    const claims = JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString()) as object;
    return Object.fromEntries(
      Object.entries(claims)
        .filter(([name, value]) => shownClaims.has(name) && ["string", "number"].includes(typeof value))
        .map(([name, value]) => [name, String(value)]),
    );
  } catch {
    return {};
  }
}

const shownClaims = new Set([
  ...["iss", "aud", "sub", "oid", "tid", "idp", "appid", "idtyp", "xms_mirid", "xms_az_rid", "iat", "exp"],
]);
