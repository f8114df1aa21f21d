/** There is no customer of that number (any more): HTTP 404. */
export class NotFound extends Error {
  override readonly name = "NotFound";
}

/** Somebody else changed the customer since it was read: HTTP 409. */
export class Conflict extends Error {
  override readonly name = "Conflict";
}

/** What was entered cannot be taken: HTTP 422. One sentence a field, fit for the person who entered it. */
export class InvalidInput extends Error {
  override readonly name = "InvalidInput";

  constructor(readonly problems: Readonly<Record<string, string>>) {
    super(`These fields cannot be taken: ${Object.keys(problems).join(", ")}.`);
  }
}

/**
 * Vault, the database or the identity endpoint does not answer as it should: HTTP 503, with Retry-After.
 * The reason names no secret and may be shown; the application recovers by itself, unless it is a `NotGranted`.
 */
export class Unavailable extends Error {
  override readonly name: string = "Unavailable";

  constructor(
    readonly reason: string,
    /** Whole seconds, at least 1. */
    readonly retryAfterSeconds: number,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

/** The environment gives this workload too little: nothing changes until somebody edits it. HTTP 503. */
export class NotGranted extends Unavailable {
  override readonly name = "NotGranted";

  constructor(reason: string) {
    super(reason, 600);
  }
}

/** A stored value that Vault refuses to decrypt for its row and field: it was swapped or changed. HTTP 500, and an alarm. */
export class Tampered extends Error {
  override readonly name = "Tampered";

  constructor(
    readonly customerId: number,
    readonly field: string,
  ) {
    super(
      `The stored ${field} of customer ${customerId} does not belong there: it was changed outside of the application.`,
    );
  }
}
