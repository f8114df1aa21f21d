import type { FastifyInstance } from "fastify";
import type { Application } from "../application";
import type { Metrics } from "./metrics";

/** Whether it lives, whether it can work, and what it did. */
export function operationRoutes(server: FastifyInstance, application: Application, metrics: Metrics): void {
  // A probe that is turned away would take the application out of service.
  const probe = { config: { rateLimit: false } };

  server.get("/healthz", probe, () => ({ status: "alive" }));

  server.get("/readyz", probe, async (_request, reply) => {
    const { ready, reasons, retryAfterSeconds } = await application.ready();
    if (!ready) reply.code(503).header("retry-after", retryAfterSeconds);
    return { status: ready ? "ready" : "not ready", reasons };
  });

  server.get("/metrics", async (_request, reply) => {
    reply.type(metrics.contentType);
    return metrics.text();
  });
}
