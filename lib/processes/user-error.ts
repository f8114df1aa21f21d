/** What keeps a program from going on, told in one sentence with its cure: shown without a stack. */
export class UserError extends Error {
  override readonly name: string = "UserError";
}

/**
 * A checksum, signature or key that is not what it must be. Never passed over in favour of another way to get the same
 * program: somebody may have changed it.
 */
export class VerificationError extends UserError {
  override readonly name: string = "VerificationError";
}

/** The message of whatever was thrown, with the cause that fetch() hides behind "fetch failed". */
export function messageOf(error: unknown): string {
  const { message, cause } = (error ?? {}) as { message?: unknown; cause?: unknown };
  if (typeof message !== "string") return String(error);
  const reason = cause ? messageOf(cause) || codeOf(cause) : undefined;
  return reason && !message.includes(reason) ? `${message}: ${reason}` : message;
}

/** The operating system's error code, for example ENOENT. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}
