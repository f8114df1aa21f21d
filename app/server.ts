import { createApplication } from "./application";
import { createLogger, logLifecycleEvent, withoutMessage } from "./operations/log";
import { Metrics } from "./operations/metrics";
import { stopOnSignal } from "./operations/stop";
import { readSettings, SettingsError } from "./settings";
import { createWebServer } from "./web/web-server";
import { readWebSettings } from "./web/web-settings";

const logger = createLogger();

/** Listens at once. /healthz answers before Vault does, and /readyz names what is missing. */
async function main(): Promise<void> {
  const { port, host, ...settings } = readWebSettings(process.env);
  const metrics = new Metrics({ ofProcess: true });
  const application = await createApplication(readSettings(process.env), {
    onEvent: (event) => {
      logLifecycleEvent(logger, event);
      metrics.lifecycleEvent(event);
    },
  });
  try {
    const server = await createWebServer({ application, settings, logger, metrics });
    stopOnSignal(async () => {
      await server.close();
      await application.close();
    }, logger);
    await server.listen({ port, host });
  } catch (error) {
    // Otherwise the application would run without a listener.
    await application.close();
    throw error;
  }
}

main().catch((error: unknown) => {
  const problems = error instanceof SettingsError ? { problems: error.problems } : withoutMessage(error);
  logger.fatal({ event: "not started", ...problems });
  process.exitCode = 1;
});
