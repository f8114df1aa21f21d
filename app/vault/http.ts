import { type Dispatcher, request } from "undici";

/** Vault, or a proxy before it, answered with an error status. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  // Private, so that no log shows it.
  readonly #data: unknown;

  constructor(
    readonly status: number,
    /** Vault's own words; they name no secret. */
    readonly errors: readonly string[],
    readonly retryAfterSeconds?: number,
    data?: unknown,
  ) {
    super(`${status} ${errors.join("; ")}`);
    this.#data = data;
  }

  /** The answer's `data`. If each item of a batch failed, it holds the items' errors. */
  get data(): unknown {
    return this.#data;
  }
}

export interface JsonRequest {
  method: "GET" | "POST";
  url: string;
  headers?: Record<string, string>;
  body?: unknown;
  timeoutMs: number;
  dispatcher: Dispatcher;
}

/**
 * Sends one request. The bodies of request and answer are JSON.
 * @throws {HttpError} for any status but 2xx. Throws errors of the connection unchanged
 */
export async function requestJson<T>({
  method,
  url,
  headers,
  body,
  timeoutMs,
  dispatcher,
}: JsonRequest): Promise<T> {
  const signal = AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs)));
  const answer = await unlessAborted(
    signal,
    request(url, {
      method,
      headers: {
        accept: "application/json",
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      dispatcher,
    }),
  );
  const text = await answer.body.text();
  if (answer.statusCode < 200 || answer.statusCode > 299) {
    const refusal = objectOf(text);
    const retryAfter = secondsOf(answer.headers["retry-after"]);
    throw new HttpError(answer.statusCode, errorsOf(refusal), retryAfter, refusal["data"]);
  }
  return (text === "" ? {} : JSON.parse(text)) as T;
}

/** undici ignores the signal until it has a connection, and may wait for one longer than the caller. */
function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    // Otherwise the listener would keep the answer in memory until the deadline.
    const settled = () => signal.removeEventListener("abort", abort);
    work.then(resolve, reject).finally(settled);
  });
}

/** Reads Vault's form { errors: [] } or Azure's forms { error: { message } } and { message }. Returns nothing for other forms. */
function errorsOf({ errors, error, message }: Record<string, unknown>): string[] {
  if (Array.isArray(errors)) return errors.map(String).map((line) => line.trim().slice(0, 300));
  const said = (error as { message?: unknown } | undefined)?.message ?? message;
  return typeof said === "string" ? [said.slice(0, 300)] : [];
}

/** Returns an empty object if the text is not a JSON object. */
function objectOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function secondsOf(header: string | string[] | undefined): number | undefined {
  const seconds = Number(header);
  return Number.isInteger(seconds) && seconds > 0 ? Math.min(seconds, 600) : undefined;
}

/** Describes a failed connection to a person by a code such as ECONNREFUSED, never by an address with credentials. */
export function connectionProblem(error: unknown): string {
  for (const { code, name } of causes(error)) {
    if (name === "TimeoutError" || code === "UND_ERR_CONNECT_TIMEOUT") return "no answer in time";
    if (typeof code === "string" && !code.startsWith("UND_ERR_ABORTED")) return code;
  }
  return String((error as Error).message ?? error);
}

/** Returns the error and its causes. It checks their shape, because in tests Node's errors have another class Error. */
export function causes(error: unknown): NodeJS.ErrnoException[] {
  const chain: NodeJS.ErrnoException[] = [];
  for (let cause = error; cause && typeof cause === "object" && chain.length < 10; ) {
    chain.push(cause as NodeJS.ErrnoException);
    cause = (cause as Error).cause;
  }
  return chain;
}
