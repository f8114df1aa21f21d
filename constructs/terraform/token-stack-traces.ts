import stackTrace = require("cdktf/lib/tokens/private/stack-trace");

/**
 * Stops cdktf from recording a stack trace with each of its thousands of tokens. The traces take two fifths of a
 * large run, and cdktf's option `stackTraces` does not disable them. Only cdktf's errors about tokens become shorter.
 * Other errors keep their traces.
 */
export function skipTokenStackTraces(): void {
  Object.assign(stackTrace, { captureStackTrace: () => [] });
}
