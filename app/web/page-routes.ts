import formbody from "@fastify/formbody";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Application } from "../application";
import {
  type Customer,
  type CustomerInput,
  type CustomerQuery,
  type CustomerStore,
  customerFields,
} from "../customers/customer-store";
import { Conflict, InvalidInput, Tampered, Unavailable } from "../errors";
import { type Logger, withoutMessage } from "../operations/log";
import { pageQuery, searchForm, versionForm } from "./api/schemas";
import { failureOf } from "./failures";
import { customerId, parse } from "./input";
import { customerDeletionPage } from "./pages/customer-deletion";
import { customerDetailsPage } from "./pages/customer-details";
import { customerFormPage } from "./pages/customer-form";
import { customerListPage } from "./pages/customer-list";
import { databasePage } from "./pages/database";
import type { Html } from "./pages/html";
import { icon, stylesheet, stylesheetPath } from "./pages/stylesheet";
import { systemPage } from "./pages/system";
import type { FormTokens } from "./request-forgery";

/** After something was done the browser is sent on, so that loading anew does not do it twice; the next page says what was done. */
const notices: ReadonlyMap<string, string> = new Map([
  ["added", "The customer was added."],
  ["saved", "The changes were saved."],
  ["deleted", "The customer was deleted."],
]);

/** Searches that may stand in an address: customer numbers of a demo, and days, months, years. */
const harmlessSearch = /^(?:\d{1,7}|\d{4}-\d{2}(?:-\d{2})?)$/;

const listQuery = pageQuery.extend({
  search: z
    .string()
    .regex(harmlessSearch, "This is no customer number or date; search for others here, not in the address.")
    .optional(),
  done: z.string().optional(),
});
const doneQuery = z.object({ done: z.string().optional() });
const storedQuery = pageQuery.extend({ pageSize: pageQuery.shape.pageSize.unwrap().default(5) });

const emptyInput = Object.fromEntries(customerFields.map((field) => [field, ""])) as CustomerInput;

interface EnteredForm {
  values: CustomerInput;
  edited?: { id: number; version: number };
  stored?: Customer;
}

export interface PageRoutesProps {
  application: Application;
  store: CustomerStore;
  tokens: FormTokens;
  logger: Logger;
}

/** The pages for people: plain forms and links, no script. */
export function pageRoutes({ application, store, tokens, logger }: PageRoutesProps) {
  return async (pages: FastifyInstance): Promise<void> => {
    pages.removeAllContentTypeParsers();
    await pages.register(formbody);
    const form = { preValidation: tokens.check };

    keptFiles(pages);
    pages.get("/", async (_request, reply) => reply.redirect("/customers", 302));

    pages.get("/customers", async ({ query }, reply) => {
      const { done, search = "", ...page } = parse(listQuery, query);
      return list(reply, { ...page, search }, notices.get(done ?? ""));
    });

    pages.post("/customers/search", form, async ({ body }, reply) => {
      let entered: CustomerQuery & { search: string };
      try {
        entered = parse(searchForm, fieldsOf(body, ["search", "page", "pageSize"]));
      } catch (error) {
        return refusedSearch(reply, fieldsOf(body, ["search"]).search ?? "", error);
      }
      const { search } = entered;
      if (search === "") return reply.redirect("/customers", 303);
      if (harmlessSearch.test(search) && entered.page === 1) {
        return reply.redirect(`/customers?search=${search}`, 303);
      }
      return list(reply, entered);
    });

    pages.get("/customers/new", async (_request, reply) =>
      send(
        reply,
        200,
        customerFormPage({ csrfToken: tokens.create(reply.request, reply), values: emptyInput }),
      ),
    );

    pages.post("/customers", form, async ({ body }, reply) => {
      const values = enteredCustomer(body);
      try {
        const { id } = await store.add(values);
        return reply.redirect(`/customers/${id}?done=added`, 303);
      } catch (error) {
        return showForm(reply, error, { values });
      }
    });

    pages.get("/customers/:id", async ({ params, query }, reply) => {
      const { done } = parse(doneQuery, query);
      return send(
        reply,
        200,
        customerDetailsPage(await store.get(customerId(params)), notices.get(done ?? "")),
      );
    });

    pages.get("/customers/:id/edit", async ({ params }, reply) => {
      const { id, version, ...values } = await store.get(customerId(params));
      return send(
        reply,
        200,
        customerFormPage({ csrfToken: tokens.create(reply.request, reply), values, edited: { id, version } }),
      );
    });

    pages.post("/customers/:id", form, async ({ params, body }, reply) => {
      const id = customerId(params);
      const values = enteredCustomer(body);
      const readVersion = parse(versionForm, body).version;
      try {
        await store.edit(id, values, readVersion);
        return reply.redirect(`/customers/${id}?done=saved`, 303);
      } catch (error) {
        const stored = error instanceof Conflict ? await store.get(id) : undefined;
        const edited = { id, version: stored?.version ?? readVersion };
        return showForm(reply, error, { values, edited, stored });
      }
    });

    pages.get("/customers/:id/delete", async ({ params }, reply) =>
      send(
        reply,
        200,
        customerDeletionPage(await store.get(customerId(params)), tokens.create(reply.request, reply)),
      ),
    );

    pages.post("/customers/:id/delete", form, async ({ params }, reply) => {
      await store.remove(customerId(params));
      return reply.redirect("/customers?done=deleted", 303);
    });

    pages.get("/database", showDatabase);
    pages.get("/system", async (_request, reply) => send(reply, 200, systemPage(await application.status())));
  };

  async function list(
    reply: FastifyReply,
    query: CustomerQuery & { search: string },
    done?: string,
  ): Promise<FastifyReply> {
    const { search, ...page } = query;
    try {
      const found = await store.list(search ? query : page);
      const props = { csrfToken: tokens.create(reply.request, reply), search, page: found, notice: done };
      return await send(reply, 200, customerListPage(props));
    } catch (error) {
      return refusedSearch(reply, search, error);
    }
  }

  /** The list's page with the sentence beside the search, if it was the search that could not be taken. */
  async function refusedSearch(reply: FastifyReply, search: string, error: unknown): Promise<FastifyReply> {
    const searchProblem = error instanceof InvalidInput ? error.problems["search"] : undefined;
    if (searchProblem === undefined) throw error;
    const props = { csrfToken: tokens.create(reply.request, reply), page: undefined, search, searchProblem };
    return send(reply, 422, customerListPage(props));
  }

  /** The form again, with what was entered, where that can be mended or sent again later. */
  async function showForm(reply: FastifyReply, error: unknown, form: EnteredForm): Promise<FastifyReply> {
    if (![InvalidInput, Conflict, Unavailable].some((kind) => error instanceof kind)) throw error;
    const failure = failureOf(error);
    if (failure.retryAfterSeconds !== undefined) reply.header("retry-after", failure.retryAfterSeconds);
    return send(
      reply,
      failure.status,
      customerFormPage({ ...form, csrfToken: tokens.create(reply.request, reply), failure }),
    );
  }

  async function showDatabase(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const page = parse(storedQuery, request.query);
    const [stored, decrypted] = await Promise.allSettled([store.asStored(page), store.list(page)]);
    if (stored.status === "rejected") throw stored.reason;
    if (decrypted.status === "fulfilled") {
      const customers = new Map(decrypted.value.rows.map((customer) => [customer.id, customer]));
      return send(reply, 200, databasePage({ stored: stored.value, decrypted: customers }));
    }
    // What the database holds is shown all the more when Vault refuses to decrypt it.
    if (!(decrypted.reason instanceof Tampered)) throw decrypted.reason;
    logger.error({ event: "error", requestId: request.id, ...withoutMessage(decrypted.reason) });
    const failure = failureOf(decrypted.reason);
    return send(reply, failure.status, databasePage({ stored: stored.value, decrypted: new Map(), failure }));
  }
}

/** Files that never change under their name may be kept. */
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

function enteredCustomer(body: unknown): CustomerInput {
  return { ...emptyInput, ...fieldsOf(body, customerFields) };
}

/** Those of the named fields that a form sent, as text. */
function fieldsOf<Name extends string>(body: unknown, names: readonly Name[]): Partial<Record<Name, string>> {
  const sent = (body ?? {}) as Record<string, unknown>;
  return Object.fromEntries(
    names.flatMap((name) => (typeof sent[name] === "string" ? [[name, sent[name]]] : [])),
  ) as Partial<Record<Name, string>>;
}

async function send(reply: FastifyReply, status: number, page: Html): Promise<FastifyReply> {
  return reply
    .code(status)
    .type("text/html; charset=utf-8")
    .send(String(await page));
}
