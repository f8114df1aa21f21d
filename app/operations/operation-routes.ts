import type { FastifyInstance } from "fastify";
import { type Services, serve } from "../web/api/operation";
import type { Metrics } from "./metrics";
import { probes } from "./probes";

/** The probes and the metrics. */
export function operationRoutes(server: FastifyInstance, services: Services, metrics: Metrics): void {
  serve(server, probes, services);

  server.get("/metrics", async (_request, reply) => {
    reply.type(metrics.contentType);
    return metrics.text();
  });
}
