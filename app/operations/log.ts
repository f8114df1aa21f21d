import pino, { type DestinationStream, type Logger } from "pino";
import type { LifecycleEvent } from "../lifecycle-event";

export type { Logger } from "pino";

/**
 * Writes one JSON object a line to standard output, which App Service and systemd collect. The code names each logged field.
 * It never logs a request's URL, query, headers or body, or the message of another program's error.
 *
 * @param destination standard output by default. Tests read another stream
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
 * Returns the loggable parts of an unexpected error: kind, code and origin. The message of a parser or database may quote
 * a person's input, so the stack comes without it.
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
