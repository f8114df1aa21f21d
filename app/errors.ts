/** The customer does not exist, or no longer exists: HTTP 404. */
export class NotFound extends Error {
  override readonly name = "NotFound";
}

/** Somebody else changed the customer after it was read: HTTP 409. */
export class Conflict extends Error {
  override readonly name = "Conflict";
}

/** The input is invalid: HTTP 422. One sentence a field, for the person who entered it. */
export class InvalidInput extends Error {
  override readonly name = "InvalidInput";

  constructor(readonly problems: Readonly<Record<string, string>>) {
    super(`These fields are not valid: ${Object.keys(problems).join(", ")}.`);
  }
}

/**
 * Vault, the database or the identity endpoint does not answer as it should: HTTP 503, with Retry-After.
 * The reason names no secret and may be shown. The application recovers by itself, except from a `NotGranted`.
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

/** The environment gives this workload too little, until somebody edits it: HTTP 503. */
export class NotGranted extends Unavailable {
  override readonly name = "NotGranted";

  constructor(reason: string) {
    super(reason, 600);
  }
}

/** Vault refuses to decrypt a stored value for its row and field, because somebody swapped or changed it: HTTP 500 and an alarm. */
export class Tampered extends Error {
  override readonly name = "Tampered";

  constructor(
    readonly customerId: number,
    readonly field: string,
  ) {
    super(
      `The stored ${field} of customer ${customerId} does not belong there. Somebody changed it outside of the application.`,
    );
  }
}
