import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import type { CustomerQuery } from "../customers/customer-store";
import { InvalidInput } from "../errors";
import { customerQuery, searchForm } from "./api/schemas";
import type { CustomerRouteProps } from "./customer-route-props";
import { textFields } from "./form-fields";
import { parse } from "./input";
import { notices } from "./notices";
import { customerListPage } from "./pages/customer-list";
import { sendPage } from "./send-page";

/** Searches that an address may contain: customer numbers of a demo, and days, months, years. */
const harmlessSearch = /^(?:\d{1,7}|\d{4}-\d{2}(?:-\d{2})?)$/;

/** The page ignores other parameters of the address, such as tracking marks of a link in a mail. */
const listQuery = customerQuery.strip().extend({
  search: z
    .string()
    .regex(
      harmlessSearch,
      "This is not a customer number or date. Enter other searches here, not in the address.",
    )
    .optional(),
  done: z.string().optional(),
});

/** The list of customers, and the results of a search. */
export function customerListRoutes(
  pages: FastifyInstance,
  { store, tokens }: Omit<CustomerRouteProps, "logger">,
): void {
  pages.get("/customers", async ({ query }, reply) => {
    const { done, search = "", ...page } = parse(listQuery, query);
    return list(reply, { ...page, search }, notices.get(done ?? ""));
  });

  pages.post("/customers/search", { preValidation: tokens.check }, async ({ body }, reply) => {
    let entered: CustomerQuery & { search: string };
    try {
      entered = parse(searchForm, textFields(body, ["search", "page", "pageSize", "sort"]));
    } catch (error) {
      return refusedSearch(reply, textFields(body, ["search"]).search ?? "", error);
    }
    const { search } = entered;
    if (search === "") return reply.redirect("/customers", 303);
    if (harmlessSearch.test(search) && entered.page === 1) {
      return reply.redirect(`/customers?search=${search}`, 303);
    }
    return list(reply, entered);
  });

  async function list(
    reply: FastifyReply,
    query: CustomerQuery & { search: string },
    done?: string,
  ): Promise<FastifyReply> {
    const { search, ...page } = query;
    try {
      const found = await store.list(search ? query : page);
      const props = { csrfToken: tokens.create(reply), search, sort: query.sort, page: found, notice: done };
      return await sendPage(reply, 200, customerListPage(props));
    } catch (error) {
      return refusedSearch(reply, search, error);
    }
  }

  /** Shows the list's page with a sentence beside the search, if the search is invalid. */
  async function refusedSearch(reply: FastifyReply, search: string, error: unknown): Promise<FastifyReply> {
    const searchProblem = error instanceof InvalidInput ? error.problems["search"] : undefined;
    if (searchProblem === undefined) throw error;
    const props = { csrfToken: tokens.create(reply), page: undefined, search, searchProblem };
    return sendPage(reply, 422, customerListPage(props));
  }
}
