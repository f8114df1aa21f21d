import formbody from "@fastify/formbody";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Application } from "../application";
import type { CustomerStore } from "../customers/customer-store";
import { Tampered } from "../errors";
import { type Logger, withoutMessage } from "../operations/log";
import { openApiDocument } from "./api/openapi";
import { pageQuery } from "./api/schemas";
import { customerAddingRoutes } from "./customer-adding-routes";
import { customerDeletionRoutes } from "./customer-deletion-routes";
import { customerDetailsRoutes } from "./customer-details-routes";
import { customerEditingRoutes } from "./customer-editing-routes";
import { customerListRoutes } from "./customer-list-routes";
import { failureOf } from "./failures";
import { parse } from "./input";
import { keyRoutes } from "./key-routes";
import { apiPage } from "./pages/api";
import { databasePage } from "./pages/database";
import { icon, stylesheet, stylesheetPath } from "./pages/stylesheet";
import { systemPage } from "./pages/system";
import type { FormTokens } from "./request-forgery";
import { sendPage } from "./send-page";

export interface PageRoutesProps {
  application: Application;
  store: CustomerStore;
  tokens: FormTokens;
  logger: Logger;
}

const storedQuery = pageQuery.strip().extend({ pageSize: pageQuery.shape.pageSize.unwrap().default(5) });

/** The pages for people: plain forms and links, no script. */
export function pageRoutes({ application, store, tokens, logger }: PageRoutesProps) {
  return async (pages: FastifyInstance): Promise<void> => {
    pages.removeAllContentTypeParsers();
    await pages.register(formbody);
    keptFiles(pages);
    pages.get("/", async (_request, reply) => reply.redirect("/customers", 302));
    customerListRoutes(pages, { store, tokens });
    customerAddingRoutes(pages, { store, tokens });
    customerDetailsRoutes(pages, { store, tokens, logger });
    customerEditingRoutes(pages, { store, tokens, logger });
    customerDeletionRoutes(pages, { store, tokens });
    keyRoutes(pages, { application, tokens, logger });
    pages.get("/api", async (_request, reply) => sendPage(reply, 200, apiPage(openApiDocument())));
    pages.get("/database", showDatabase);
    pages.get("/system", async (_request, reply) =>
      sendPage(reply, 200, systemPage(await application.status())),
    );
  };

  async function showDatabase(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const page = parse(storedQuery, request.query);
    const [stored, decrypted] = await Promise.allSettled([store.asStored(page), store.list(page)]);
    if (stored.status === "rejected") throw stored.reason;
    if (decrypted.status === "fulfilled") {
      const customers = new Map(decrypted.value.rows.map((customer) => [customer.id, customer]));
      return sendPage(reply, 200, databasePage({ stored: stored.value, decrypted: customers }));
    }
    // The page also shows the database's content if Vault refuses to decrypt it.
    if (!(decrypted.reason instanceof Tampered)) throw decrypted.reason;
    logger.error({ event: "error", requestId: request.id, ...withoutMessage(decrypted.reason) });
    const failure = failureOf(decrypted.reason);
    const alarm = databasePage({ stored: stored.value, decrypted: new Map(), failure });
    return sendPage(reply, failure.status, alarm);
  }
}

/** Serves files that browsers may cache, because they never change under their name. */
function keptFiles(pages: FastifyInstance): void {
  pages.get(stylesheetPath, async (_request, reply) =>
    reply
      .header("cache-control", "public, max-age=31536000, immutable")
      .type("text/css; charset=utf-8")
      .send(stylesheet),
  );
  pages.get("/icon.svg", async (_request, reply) =>
    reply.header("cache-control", "public, max-age=86400").type("image/svg+xml").send(icon),
  );
}
