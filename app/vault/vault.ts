import { Unavailable } from "../errors";
import type { OnEvent } from "../lifecycle-event";
import { callDeadlineMs, type Verdict, withRetries } from "../retry";
import { connectionProblem, HttpError } from "./http";

/** Vault's answer to a request; only what the application reads. */
export interface VaultAnswer<Data> {
  data: Data;
  /** Under which Vault's audit log has the request. */
  request_id?: string;
  lease_id?: string;
  lease_duration?: number;
  renewable?: boolean;
}

export interface CallOptions {
  deadlineMs?: number;
  /** A refusal (403) is an answer like another, not a reason to log in anew. */
  expectRefusal?: boolean;
}

/** Who the application is to Vault. */
export interface VaultLogin {
  address: string;
  role: string;
  policies: readonly string[];
  tokenType: string;
  tokenSecondsLeft: number | undefined;
  identity: Readonly<Record<string, string>>;
}

/** Requests to Vault, whoever logs in. */
export interface Vault {
  /**
   * `path` without /v1/, such as transit/encrypt/customer-key. Tried again for as long as trying helps.
   * @throws {Unavailable} when it does not
   * @throws {HttpError} when Vault understood, and says no to the request itself (400, 404; 403 if it is expected)
   */
  call<Data>(
    method: "GET" | "POST",
    path: string,
    body?: unknown,
    options?: CallOptions,
  ): Promise<VaultAnswer<Data>>;
  login(): Promise<VaultLogin>;
  /** Why calls fail now, as far as it is known without a call. */
  readonly failure: Unavailable | undefined;
}

export interface CallContext extends CallOptions {
  method: "GET" | "POST";
  path: string;
  onEvent: OnEvent;
  /** Whether a refusal may be cured by trying again, with another token. */
  mayCure: (error: HttpError) => boolean;
  /** Whether a broken connection is to be tried again at once, because its reason was removed. */
  heal?: (error: unknown) => Promise<boolean>;
}

/** An attempt may take this much of the deadline: one that hangs leaves time for another. */
const partOfDeadline = 0.6;

/** Tries again on 5xx (sealed, standby without leader), 429, 412 and broken connections. */
export async function callWithRetries<T>(
  attempt: (timeoutMs: number) => Promise<T>,
  { method, path, deadlineMs = callDeadlineMs, expectRefusal, onEvent, mayCure, heal }: CallContext,
): Promise<T> {
  const judge = (error: unknown): Verdict => {
    if (error instanceof Unavailable) return undefined;
    if (!(error instanceof HttpError)) {
      return { reason: `Vault does not answer (${connectionProblem(error)}).` };
    }
    const { status, retryAfterSeconds } = error;
    if (status >= 500 || status === 429 || status === 412) {
      return {
        reason: reasonOf(error, path),
        pauseMs: retryAfterSeconds && Math.min(retryAfterSeconds, 60) * 1000,
      };
    }
    if (status === 403 && !expectRefusal && mayCure(error)) return { reason: reasonOf(error, path) };
    return undefined;
  };
  try {
    return await withRetries(
      async (leftMs) => {
        const timeoutMs = Math.max(leftMs * partOfDeadline, 500);
        try {
          return await attempt(timeoutMs);
        } catch (error) {
          if (error instanceof HttpError || !(await heal?.(error))) throw error;
          return attempt(timeoutMs);
        }
      },
      { what: `${method} ${path}`, deadlineMs, judge, onEvent },
    );
  } catch (error) {
    if (error instanceof HttpError && error.status === 403 && !expectRefusal) {
      throw new Unavailable(reasonOf(error, path), 30, { cause: error });
    }
    throw error;
  }
}

function reasonOf({ status, errors }: HttpError, path: string): string {
  const said = errors.join(" ");
  if (/sealed/i.test(said)) return "Vault is sealed.";
  if (status === 403)
    return `Vault refuses ${path}: the workload's policy does not allow it (then add the path to the workload in the environment file), or its token is over.`;
  if (status === 429) return "Vault is asked too much at once (429).";
  if (path.startsWith("database/") && status === 500)
    return "Vault cannot make database credentials now (500).";
  return `Vault answers ${status} to ${path}.`;
}
