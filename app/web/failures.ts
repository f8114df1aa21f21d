import { Conflict, InvalidInput, NotFound, NotGranted, Tampered, Unavailable } from "../errors";

/** The request may not be done: HTTP 403. */
export class Forbidden extends Error {
  override readonly name = "Forbidden";
}

/** One address asks too often: HTTP 429. */
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

/** An error as whoever sent the request is told: nothing of the inside, no excerpt of what was sent. */
export interface Failure {
  status: number;
  title: string;
  /** A sentence or two. */
  detail: string;
  /** By field, what is wrong and the cure. */
  problems?: Readonly<Record<string, string>>;
  retryAfterSeconds?: number;
  allowed?: readonly string[];
  /** A fault of the application's own, or an alarm: to be logged with its origin. */
  unforeseen: boolean;
}

/** The framework's own refusals, by status, in sentences that carry nothing of the request. */
const refusals: Readonly<Record<number, [title: string, detail: string]>> = {
  400: ["Bad request", "The request is malformed, and nothing was changed."],
  404: ["Not found", "There is no page at this address."],
  413: ["Too large", "More was sent than this address takes, and nothing was changed."],
  414: ["Too long", "The address is too long."],
  415: ["Unsupported media type", "This address does not take content of this type."],
  431: ["Headers too large", "The request's headers are too large."],
};

export function failureOf(error: unknown): Failure {
  if (error instanceof NotFound) {
    return failure(404, "Not found", "There is no such customer, or no longer.");
  }
  if (error instanceof Conflict) {
    return failure(
      409,
      "Changed in the meantime",
      "Somebody else changed this customer since it was read. Read it again, and decide anew.",
    );
  }
  if (error instanceof InvalidInput) {
    return {
      ...failure(422, "Check what was entered", "Some of what was entered cannot be taken."),
      problems: error.problems,
    };
  }
  if (error instanceof NotGranted) return failure(503, "Not given to this workload", error.reason);
  if (error instanceof Unavailable) {
    const detail = `${error.reason} The application goes on by itself as soon as it can.`;
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
    return { ...failure(500, "A record was tampered with", error.message), unforeseen: true };
  }
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode;
  const refusal = typeof status === "number" ? refusals[status] : undefined;
  if (refusal) return failure(status as number, ...refusal);
  return {
    ...failure(
      500,
      "Something went wrong",
      "The application made a mistake. It was logged; please try again.",
    ),
    unforeseen: true,
  };
}

function failure(status: number, title: string, detail: string): Failure {
  return { status, title, detail, unforeseen: false };
}
