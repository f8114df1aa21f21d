import { randomUUID } from "node:crypto";
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import type { Application } from "../application";
import type { Logger } from "../operations/log";
import { measuredStore } from "../operations/measured-store";
import type { Metrics } from "../operations/metrics";
import { operationRoutes } from "../operations/operation-routes";
import { apiRoutes } from "./api/api-routes";
import { handleErrors } from "./error-handling";
import { checkHost } from "./host-check";
import { comesFromItsUsers } from "./local-callers";
import { pageRoutes } from "./page-routes";
import { caller, limitRate } from "./rate-limit";
import { checkOrigin, FormTokens } from "./request-forgery";
import { securityHeaders } from "./security-headers";

/** Settings of the web server that depend on where it runs. */
export interface WebSettings {
  /** True behind App Service's front end, which ends HTTPS and puts the caller into X-Forwarded-For. The server trusts no other proxy. */
  behindAppService: boolean;
  /** True if only programs on the same machine reach the server. */
  onLoopback: boolean;
  /** Limit for each address. */
  requestsPerMinute: number;
}

export interface WebServerProps {
  application: Application;
  settings: WebSettings;
  logger: Logger;
  metrics: Metrics;
}

/** Room for ten fields with every byte in percent-encoding. */
const bodyLimitBytes = 64 * 1024;

/** Creates the web server with pages, API, probes and metrics, ready to listen. */
export async function createWebServer({
  application,
  settings: { behindAppService, onLoopback, requestsPerMinute },
  logger,
  metrics,
}: WebServerProps): Promise<FastifyInstance> {
  const server: FastifyInstance = fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    // The server trusts one hop, the front end. It does not trust what the caller itself wrote into the header.
    trustProxy: behindAppService ? (_address, hop) => hop === 0 : false,
    bodyLimit: bodyLimitBytes,
    requestTimeout: 30_000,
    return503OnClosing: true,
    // The limit is above Node's own limit for headers. Otherwise the router would refuse by itself, without the hooks.
    routerOptions: { maxParamLength: 65_536, ignoreTrailingSlash: true },
    rewriteUrl: ({ url = "/" }) => (isWellFormed(url) ? url : malformedAddress),
  });
  logRequests(server, logger, metrics);
  endConnectionsOnClose(server);
  await securityHeaders(server, { behindHttps: behindAppService });
  await limitRate(server, { requestsPerMinute });
  if (onLoopback) {
    server.addHook("onRequest", checkHost);
    server.server.on("connection", (socket) => {
      if (!comesFromItsUsers(socket)) socket.destroy();
    });
  }
  server.addHook("onRequest", checkOrigin);
  handleErrors(server, logger);

  const tokens = new FormTokens({ behindHttps: behindAppService });
  const store = measuredStore(application.store, metrics);
  operationRoutes(server, { application, store }, metrics);
  await server.register(apiRoutes({ application, store }));
  await server.register(pageRoutes({ application, store, tokens, logger }));
  return server;
}

/** An address without a route. A malformed address goes here, because the router's own answer would skip the hooks and headers. */
const malformedAddress = "/malformed";

function isWellFormed(url: string): boolean {
  try {
    decodeURI(url);
    return url.startsWith("/");
  } catch {
    return false;
  }
}

/** Ends the connection after an answer while the server closes. Otherwise closing waits for the caller to hang up. */
function endConnectionsOnClose(server: FastifyInstance): void {
  let closing = false;
  server.addHook("preClose", async () => {
    closing = true;
  });
  server.addHook("onSend", async (_request, reply, payload) => {
    if (closing) reply.header("connection", "close");
    return payload;
  });
}

/** Logs and measures each request by its route, never by its URL, which may hold a person's input. */
function logRequests(server: FastifyInstance, logger: Logger, metrics: Metrics): void {
  server.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  server.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "none";
    const { method } = request;
    const status = reply.statusCode;
    metrics.request({ method, route, status }, reply.elapsedTime / 1000);
    logger.info({
      event: "request",
      requestId: request.id,
      method,
      route,
      status,
      milliseconds: Math.round(reply.elapsedTime * 10) / 10,
      caller: caller(request),
    });
  });
}
