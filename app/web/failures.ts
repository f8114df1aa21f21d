import { Conflict, InvalidInput, NotFound, NotGranted, Tampered, Unavailable } from "../errors";

/** The request is not allowed: HTTP 403. */
export class Forbidden extends Error {
  override readonly name = "Forbidden";
}

/** One address sends too many requests: HTTP 429. */
export class TooMany extends Error {
  override readonly name = "TooMany";

  constructor(readonly retryAfterSeconds: number) {
    super(`You sent too many requests. Try again in ${retryAfterSeconds} seconds.`);
  }
}

/** The path exists, the method does not: HTTP 405. */
export class MethodNotAllowed extends Error {
  override readonly name = "MethodNotAllowed";

  constructor(readonly allowed: readonly string[]) {
    super(`This address answers ${allowed.join(", ")} only.`);
  }
}

/** The request names another version than the stored one (`If-Match`): HTTP 412. */
export class PreconditionFailed extends Error {
  override readonly name = "PreconditionFailed";
}

/** An error as the sender of the request sees it: no internals, and no excerpt of the request. */
export interface Failure {
  status: number;
  title: string;
  /** A sentence or two. */
  detail: string;
  /** A sentence for each wrong field that says what is wrong and what to do. */
  problems?: Readonly<Record<string, string>>;
  retryAfterSeconds?: number;
  allowed?: readonly string[];
  /** An error of the application itself, or an alarm. The log gets its origin. */
  unexpected: boolean;
}

/** Sentences for the framework's own errors, by status. They quote nothing of the request. */
const refusals: Readonly<Record<number, [title: string, detail: string]>> = {
  400: ["Bad request", "The request is malformed. Nothing was changed."],
  404: ["Not found", "This address has no page."],
  413: ["Too large", "The request is larger than this address accepts. Nothing was changed."],
  414: ["Too long", "The address is too long."],
  415: ["Unsupported media type", "This address does not accept content of this type."],
  431: ["Headers too large", "The request's headers are too large."],
};

/** Sentences by the framework's code. */
const badBodies: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: "The body is not valid JSON.",
  FST_ERR_CTP_EMPTY_JSON_BODY:
    "Content-Type says JSON, but the request has no body. Send a body, or leave Content-Type out.",
};

export function failureOf(error: unknown): Failure {
  if (error instanceof NotFound) {
    return failure(404, "Not found", "This customer does not exist, or no longer exists.");
  }
  if (error instanceof Conflict) {
    return failure(
      409,
      "Changed in the meantime",
      "Somebody else changed this customer after you read it. Read it again, then decide.",
    );
  }
  if (error instanceof InvalidInput) {
    return {
      ...failure(422, "Check your input", "Some of the entered values are not valid."),
      problems: error.problems,
    };
  }
  if (error instanceof NotGranted) return failure(503, "Not given to this workload", error.reason);
  if (error instanceof Unavailable) {
    const detail = `${error.reason} The application recovers by itself as soon as it can.`;
    return { ...failure(503, "Not available now", detail), retryAfterSeconds: error.retryAfterSeconds };
  }
  if (error instanceof TooMany) {
    return {
      ...failure(429, "Too many requests", error.message),
      retryAfterSeconds: error.retryAfterSeconds,
    };
  }
  if (error instanceof PreconditionFailed) return failure(412, "Changed in the meantime", error.message);
  if (error instanceof Forbidden) return failure(403, "Refused", error.message);
  if (error instanceof MethodNotAllowed) {
    return { ...failure(405, "Method not allowed", error.message), allowed: error.allowed };
  }
  if (error instanceof Tampered) {
    return { ...failure(500, "A record was tampered with", error.message), unexpected: true };
  }
  const { statusCode: status, code } = (error ?? {}) as { statusCode?: unknown; code?: unknown };
  const badBody = typeof code === "string" ? badBodies[code] : undefined;
  if (badBody) return failure(400, "Bad request", `${badBody} Nothing was changed.`);
  const refusal = typeof status === "number" ? refusals[status] : undefined;
  if (refusal) return failure(status as number, ...refusal);
  return {
    ...failure(
      500,
      "Something went wrong",
      "The application had an unexpected error, and logged it. Please try again.",
    ),
    unexpected: true,
  };
}

function failure(status: number, title: string, detail: string): Failure {
  return { status, title, detail, unexpected: false };
}
