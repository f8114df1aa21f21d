import { constants } from "node:os";
import { messageOf } from "../lib/processes/user-error";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * On Ctrl-C (and SIGTERM, SIGHUP) calls `stop` once, then exits with 128 + the signal's number. A second signal exits
 * immediately: the guardian kills the processes that still run and removes temporary files.
 *
 * @returns a function that removes the handlers
 */
export function stopOnSignals(stop: (signal: NodeJS.Signals) => Promise<void>): () => void {
  let asked = false;
  const handle = (signal: NodeJS.Signals): void => {
    const code = 128 + (constants.signals[signal] ?? 0);
    if (asked) process.exit(code);
    asked = true;
    stop(signal)
      .catch((error) =>
        process.stderr.write(`Stopping failed (${messageOf(error)}). The guardian kills all processes.\n`),
      )
      .finally(() => process.exit(code));
  };
  for (const signal of SIGNALS) process.on(signal, handle);
  return () => {
    for (const signal of SIGNALS) process.off(signal, handle);
  };
}
