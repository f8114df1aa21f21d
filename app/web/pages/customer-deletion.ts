import type { Customer } from "../../customers/customer-store";
import type { Failure } from "../failures";
import { tokenField } from "../request-forgery";
import { type Html, html } from "./html";
import { layout } from "./layout";

/** Asks for confirmation. Asks again if somebody changed the customer meanwhile. */
export function customerDeletionPage(customer: Customer, csrfToken: string, failure?: Failure): Html {
  const name = `${customer.firstName} ${customer.lastName}`;
  return layout({
    title: `Delete ${name}`,
    place: "customers",
    body: html`
<div class="narrow">
<div class="heading"><h1>Delete ${name}?</h1></div>
${
  failure
    ? html`<div class="problems" role="alert"><h2>${failure.title}</h2>
<p>Somebody else changed this customer since you opened this page. Nothing was deleted. Check the <a href="/customers/${customer.id}">record</a>, then decide again.</p></div>`
    : ""
}
<form class="panel" method="post" action="/customers/${customer.id}/delete">
<input type="hidden" name="${tokenField}" value="${csrfToken}">
<input type="hidden" name="version" value="${customer.version}">
<p>This removes customer ${customer.id} of ${customer.city} from the list. Only the next page can undo this.</p>
<div class="actions">
<button type="submit" class="danger">Delete</button>
<a class="button" href="/customers/${customer.id}">Keep</a>
</div>
</form>
</div>`,
  });
}
