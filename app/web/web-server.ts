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

/** What the web server has to know of where it runs. */
export interface WebSettings {
  /** Behind App Service's front end: HTTPS ends there, and it says in X-Forwarded-For who calls. Nobody else is believed. */
  behindAppService: boolean;
  /** Listens for programs of its own machine only. */
  onLoopback: boolean;
  /** For each address. */
  requestsPerMinute: number;
}

export interface WebServerProps {
  application: Application;
  settings: WebSettings;
  logger: Logger;
  metrics: Metrics;
}

/** Ten fields, with room for every byte of them in percent-encoding. */
const bodyLimitBytes = 64 * 1024;

/** The web server, ready to listen: pages, API, and what operations needs. */
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
    // The front end is the one hop that is believed; what a caller wrote into the header itself is not.
    trustProxy: behindAppService ? (_address, hop) => hop === 0 : false,
    bodyLimit: bodyLimitBytes,
    requestTimeout: 30_000,
    return503OnClosing: true,
    // Beyond Node's own limit for headers, or the router would refuse by itself, past every hook.
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

/** Leads to nothing, by way of every hook; the router's own answer to a malformed address has none of the headers. */
const malformedAddress = "/malformed";

function isWellFormed(url: string): boolean {
  try {
    decodeURI(url);
    return url.startsWith("/");
  } catch {
    return false;
  }
}

/** An answer given while the server closes is the last of its connection; else closing waits for the caller to hang up. */
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

/** A line and a measurement for each request: its route, never its URL, which holds whatever somebody typed. */
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
