import type { FastifyInstance } from "fastify";
import type { Application } from "../application";
import { type Logger, withoutMessage } from "../operations/log";
import { RewrapJob } from "../rewrap-job";
import { keyPage } from "./pages/key";
import type { FormTokens } from "./request-forgery";
import { sendPage } from "./send-page";

export interface KeyRoutesProps {
  application: Application;
  tokens: FormTokens;
  logger: Logger;
}

/** Seconds until a page that shows a running rewrap reloads. */
const refreshSeconds = 1;

/** The key's versions, and the rows that follow them. */
export function keyRoutes(pages: FastifyInstance, { application, tokens, logger }: KeyRoutesProps): void {
  const job = new RewrapJob((onProgress) => application.rewrap(onProgress));

  pages.get("/key", async (_request, reply) => {
    const { transit, readiness } = await application.status();
    if (job.state.running) reply.header("refresh", refreshSeconds);
    return sendPage(
      reply,
      200,
      keyPage({ transit, readiness, rewrap: job.state, csrfToken: tokens.create(reply) }),
    );
  });

  pages.post("/key/rewrap", { preValidation: tokens.check }, async ({ id }, reply) => {
    job.start().catch((error: unknown) => {
      logger.error({ event: "error", requestId: id, ...withoutMessage(error) });
    });
    return reply.redirect("/key", 303);
  });
}
