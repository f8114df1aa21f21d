import type { FastifyInstance } from "fastify";
import { customerOperations } from "./customer-operations";
import { openApiDocument } from "./openapi";
import { type Services, serve } from "./operation";
import { systemOperations } from "./system-operations";

/** The JSON API, below /api: the same store and the same rules as the pages. */
export function apiRoutes(services: Services) {
  return async (api: FastifyInstance): Promise<void> => {
    api.removeContentTypeParser("text/plain");
    const document = openApiDocument();
    api.get("/api/openapi.json", () => document);
    serve(api, [...customerOperations, ...systemOperations], services);
  };
}
