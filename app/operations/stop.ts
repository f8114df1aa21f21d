import { type Logger, withoutMessage } from "./log";

/** Within WEBSITES_CONTAINER_STOP_TIME_LIMIT, which constructs/azure/web-app.ts sets, and systemd's 90 s. */
const deadlineMilliseconds = 25_000;

/** On SIGTERM or SIGINT: takes nothing new, finishes what was begun, and ends; by force when that takes too long. */
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
