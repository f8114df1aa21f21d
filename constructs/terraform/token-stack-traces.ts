import stackTrace = require("cdktf/lib/tokens/private/stack-trace");

/**
 * Stops cdktf from recording a stack trace with each of its thousands of tokens, two fifths of a large run, which its
 * option `stackTraces` leaves on. Only cdktf's errors about tokens get shorter; errors' own traces stay.
 */
export function skipTokenStackTraces(): void {
  Object.assign(stackTrace, { captureStackTrace: () => [] });
}
