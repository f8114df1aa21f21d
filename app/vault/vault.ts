import { Unavailable } from "../errors";
import type { OnEvent } from "../lifecycle-event";
import { callDeadlineMs, type Verdict, withRetries } from "../retry";
import { connectionProblem, HttpError } from "./http";

/** The parts of Vault's answer that the application reads. */
export interface VaultAnswer<Data> {
  data: Data;
  /** The request's id in Vault's audit log. */
  request_id?: string;
  lease_id?: string;
  lease_duration?: number;
  renewable?: boolean;
}

export interface CallOptions {
  deadlineMs?: number;
  /** Treats a refusal (403) as an answer, not as a reason to log in again. */
  expectRefusal?: boolean;
}

/** The application's identity in Vault. */
export interface VaultLogin {
  address: string;
  role: string;
  policies: readonly string[];
  tokenType: string;
  tokenSecondsLeft: number | undefined;
  identity: Readonly<Record<string, string>>;
}

/** Requests to Vault. The application or Vault Agent logs in. */
export interface Vault {
  /**
   * Sends a request. It tries again while that can help. `path` has no /v1/, such as transit/encrypt/customer-key.
   * @throws {Unavailable} if Vault does not answer in time
   * @throws {HttpError} if Vault rejects the request itself (400, 404, and 403 if it is expected)
   */
  call<Data>(
    method: "GET" | "POST",
    path: string,
    body?: unknown,
    options?: CallOptions,
  ): Promise<VaultAnswer<Data>>;
  login(): Promise<VaultLogin>;
  /** The known reason why calls fail now. Reading it sends no request. */
  readonly failure: Unavailable | undefined;
}

export interface CallContext extends CallOptions {
  method: "GET" | "POST";
  path: string;
  onEvent: OnEvent;
  /** Returns true if another attempt with another token may succeed after a refusal. */
  mayCure: (error: HttpError) => boolean;
  /** Returns true if the cause of a broken connection is gone, so the next attempt may start at once. */
  heal?: (error: unknown) => Promise<boolean>;
}

/** Longest part of the deadline for one attempt, so that a hanging attempt leaves time for another. */
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
    return `Vault refuses ${path}: the workload's policy does not allow it, or its token has expired. If the policy does not, add the path to the workload in the environment file.`;
  if (status === 429) return "Vault gets too many requests at once (429).";
  if (path.startsWith("database/") && status === 500)
    return "Vault cannot make database credentials now (500).";
  return `Vault answers ${status} to ${path}.`;
}
