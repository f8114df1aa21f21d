import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Logger, withoutMessage } from "../operations/log";
import { problemMediaType } from "./api/schemas";
import { type Failure, failureOf, MethodNotAllowed } from "./failures";
import { errorPage } from "./pages/error";

/** Every error becomes a page, or below /api a problem document (RFC 9457). */
export function handleErrors(server: FastifyInstance, logger: Logger): void {
  const routes = knownRoutes(server);

  server.setErrorHandler(async (error, request, reply) => {
    const failure = failureOf(error);
    if (failure.unexpected) {
      logger.error({ event: "error", requestId: request.id, ...withoutMessage(error) });
    }
    return sendFailure(failure, request, reply);
  });

  // Unknown addresses count for the rate limit, too. Otherwise nothing would slow a guesser.
  server.setNotFoundHandler({ preHandler: server.rateLimit() }, async (request, reply) => {
    const allowed = routes.methodsOf(request.url);
    const error = allowed.length > 0 ? new MethodNotAllowed(allowed) : { statusCode: 404 };
    return sendFailure(failureOf(error), request, reply);
  });
}

async function sendFailure(
  failure: Failure,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  reply.code(failure.status);
  if (failure.retryAfterSeconds !== undefined) reply.header("retry-after", failure.retryAfterSeconds);
  if (failure.allowed) reply.header("allow", failure.allowed.join(", "));
  if (isApi(request.url)) {
    return reply
      .type(problemMediaType)
      .send(Buffer.from(JSON.stringify(problemDocument(failure, request.id))));
  }
  // Only GET repeats by itself. A page never sends a person's input again.
  const again = failure.status === 503 && request.method === "GET" ? ownAddress(request.url) : undefined;
  if (again && failure.retryAfterSeconds !== undefined) reply.header("refresh", failure.retryAfterSeconds);
  return reply.type("text/html; charset=utf-8").send(String(await errorPage(failure, request.id, again)));
}

/** Returns the address if it belongs to this site. A browser reads //host as another site. */
function ownAddress(url: string): string | undefined {
  return /^\/(?![/\\])/.test(url) ? url : undefined;
}

function isApi(url: string): boolean {
  return /^\/api(?:\/.|$)/.test(url);
}

function problemDocument({ status, title, detail, problems }: Failure, requestId: string) {
  return { type: "about:blank", title, status, detail, requestId, ...(problems && { problems }) };
}

/** Knows the methods of each address, to answer other methods. Create it before the routes. */
function knownRoutes(server: FastifyInstance): { methodsOf(url: string): string[] } {
  const routes: { pattern: RegExp; methods: readonly string[] }[] = [];
  server.addHook("onRoute", ({ url, method }) => {
    const pattern = new RegExp(`^${url.replaceAll(".", "\\.").replace(/:\w+/g, "[^/]+")}$`);
    routes.push({ pattern, methods: [method].flat() });
  });
  return {
    methodsOf(url) {
      const path = url.replace(/\?.*$/s, "");
      const methods = routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods);
      return [...new Set(methods)].sort();
    },
  };
}
