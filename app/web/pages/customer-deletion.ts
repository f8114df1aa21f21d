import type { Customer } from "../../customers/customer-store";
import { tokenField } from "../request-forgery";
import { type Html, html } from "./html";
import { layout } from "./layout";

/** Asks before it deletes. */
export function customerDeletionPage(customer: Customer, csrfToken: string): Html {
  const name = `${customer.firstName} ${customer.lastName}`;
  return layout({
    title: `Delete ${name}`,
    place: "customers",
    body: html`
<div class="narrow">
<div class="heading"><h1>Delete ${name}?</h1></div>
<form class="panel" method="post" action="/customers/${customer.id}/delete">
<input type="hidden" name="${tokenField}" value="${csrfToken}">
<p>Customer ${customer.id} of ${customer.city} leaves the list. Nobody can bring the record back from here.</p>
<div class="actions">
<button type="submit" class="danger">Delete</button>
<a class="button" href="/customers/${customer.id}">Keep</a>
</div>
</form>
</div>`,
  });
}
