import { type Logger, withoutMessage } from "./log";

/** Shorter than systemd's 90 s and WEBSITES_CONTAINER_STOP_TIME_LIMIT, which constructs/azure/web-app.ts sets. */
const deadlineMilliseconds = 25_000;

/** On SIGTERM or SIGINT: accepts no new requests, finishes the current ones, and ends. After the deadline, ends immediately. */
export function stopOnSignal(stop: () => Promise<void>, logger: Logger): void {
  const begin = (signal: NodeJS.Signals): void => {
    logger.info({ event: "stopping", signal });
    setTimeout(() => {
      logger.error({ event: "stopped by force", waitedMilliseconds: deadlineMilliseconds });
      process.exit(1);
    }, deadlineMilliseconds).unref();
    stop().then(
      () => logger.info({ event: "stopped" }),
      (error: unknown) => {
        logger.error({ event: "stopping failed", ...withoutMessage(error) });
        process.exitCode = 1;
      },
    );
  };
  process.once("SIGTERM", begin);
  process.once("SIGINT", begin);
}
