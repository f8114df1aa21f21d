import { pageOf, storedCustomerOf } from "./answers";
import { operation } from "./operation";
import { pageQuery } from "./schemas";

/** The system behind the customers. */
export const systemOperations = [
  operation({
    method: "GET",
    path: "/api/stored-customers",
    id: "listStoredCustomers",
    summary: "The same customers as the database holds them",
    query: pageQuery,
    answers: { 200: "StoredCustomerPage" },
    problems: [422],
    handle: async ({ query }, _reply, { store }) => pageOf(await store.asStored(query), storedCustomerOf),
  }),

  operation({
    method: "GET",
    path: "/api/status",
    id: "readStatus",
    summary: "How the application gets its secrets, without the secrets",
    answers: { 200: "Status" },
    problems: [],
    handle: (_request, _reply, { application }) => application.status(),
  }),
];
