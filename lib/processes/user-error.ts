/** An error that stops the program. One sentence names the problem and its cure. It is shown without a stack trace. */
export class UserError extends Error {
  override readonly name: string = "UserError";
}

/**
 * A checksum, signature or key differs from the expected one. The caller must never try another source instead:
 * someone may have changed the program.
 */
export class VerificationError extends UserError {
  override readonly name: string = "VerificationError";
}

/** Returns the message of any thrown value, with the cause that fetch() hides behind "fetch failed". */
export function messageOf(error: unknown): string {
  const { message, cause } = (error ?? {}) as { message?: unknown; cause?: unknown };
  if (typeof message !== "string") return String(error);
  const reason = cause ? messageOf(cause) || codeOf(cause) : undefined;
  return reason && !message.includes(reason) ? `${message}: ${reason}` : message;
}

/** Returns the operating system's error code, for example ENOENT. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}
