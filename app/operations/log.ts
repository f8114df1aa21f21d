import pino, { type DestinationStream, type Logger } from "pino";
import type { LifecycleEvent } from "../lifecycle-event";

export type { Logger } from "pino";

/**
 * One JSON object a line on standard output, where App Service and systemd take it up. What is logged is chosen field by
 * field: no URL, query, header or body of a request, no message of an error that was not written here.
 *
 * @param destination standard output unless a test reads along
 */
export function createLogger(destination?: DestinationStream): Logger {
  const options: pino.LoggerOptions = {
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** Events that somebody should look at. */
const troubles: ReadonlySet<LifecycleEvent["event"]> = new Set(["failure", "retry"]);

export function logLifecycleEvent(logger: Logger, { event, ...details }: LifecycleEvent): void {
  logger[troubles.has(event) ? "warn" : "info"]({ event, ...details });
}

/**
 * What may be logged of an error nobody foresaw: kind, code and where it came from. Its message may hold what a person
 * entered (a parser's or a database's does), so the stack is kept without it.
 */
export function withoutMessage(error: unknown): { kind: string; code?: string; at: string[] } {
  if (!(error instanceof Error)) return { kind: typeof error, at: [] };
  const { code } = error as { code?: unknown };
  return {
    kind: error.name,
    ...(typeof code === "string" && { code }),
    at: (error.stack ?? "")
      .split("\n")
      .filter((line) => /^\s+at .*:\d+:\d+\)?$/.test(line))
      .slice(0, 10)
      .map((line) => line.trim()),
  };
}
