import type { Customer, CustomerPage, CustomerSort } from "../../customers/customer-store";
import { masked } from "../../customers/masked";
import { fieldPresentations as fields } from "./fields";
import { type Html, html } from "./html";
import { layout, notice } from "./layout";
import { pageSteps } from "./paging";
import { searchForm } from "./search-form";
import { shownValue } from "./shown-value";
import { day, dayAttribute } from "./times";

export interface CustomerListProps {
  csrfToken: string;
  /** Undefined if the search is invalid. */
  page: CustomerPage | undefined;
  search: string;
  /** The reason why the search is invalid. */
  searchProblem?: string;
  /** Puts the newest first. */
  sort?: CustomerSort;
  notice?: string;
}

export function customerListPage(props: CustomerListProps): Html {
  const { csrfToken, page, search, searchProblem } = props;
  return layout({
    title: `${searchProblem ? "Error: " : ""}Customers`,
    place: "customers",
    body: html`
${notice(props.notice)}
<div class="heading">
<h1>Customers</h1>
<a class="button primary" href="/customers/new">Add a customer</a>
</div>
${searchForm({ csrfToken, search, problem: searchProblem })}
${page ? found(page, props) : ""}`,
  });
}

function found(page: CustomerPage, { search, sort, csrfToken }: CustomerListProps): Html {
  if (page.rows.length === 0) {
    if (page.total > 0) {
      return html`<div class="panel"><p>This page is empty.</p><p><a href="/customers">Show the first page</a></p></div>`;
    }
    return search
      ? html`<div class="panel"><p>No customer was found. Enter complete numbers and e-mail addresses.</p><p><a href="/customers">Show all customers</a></p></div>`
      : html`<div class="panel"><p>No customers yet.</p><div class="actions"><a class="button primary" href="/customers/new">Add the first customer</a></div></div>`;
  }
  const newestFirst = sort === "-number";
  return html`
${search ? "" : orderOf(page, newestFirst)}
<div class="panel customers">
<table role="table">
<caption class="visually-hidden">${search ? "Customers found" : "Customers by number"}</caption>
<thead role="rowgroup"><tr role="row">
${["Name", "Number", fields.birthDate.label, "City", "Social security", "Card", "Added", "Actions"].map(
  (heading) =>
    heading === "Number" && !search
      ? html`<th role="columnheader" scope="col" aria-sort="${newestFirst ? "descending" : "ascending"}">${heading} <span aria-hidden="true">${newestFirst ? "↓" : "↑"}</span></th>`
      : html`<th role="columnheader" scope="col">${heading}</th>`,
)}
</tr></thead>
<tbody role="rowgroup">${page.rows.map(row)}</tbody>
</table>
</div>
${pageSteps({ page, path: "/customers", sizes: [20, 50, 100], sort: newestFirst ? sort : undefined, search, csrfToken })}`;
}

/** Offers to order by number only: the database holds names as ciphertexts, which nobody can order. */
function orderOf({ pageSize }: CustomerPage, newestFirst: boolean): Html {
  const link = (sort: string, name: string, current: boolean) =>
    current
      ? html`<span aria-current="true">${name}</span>`
      : html`<a href="/customers?pageSize=${pageSize}${sort ? `&sort=${sort}` : ""}">${name}</a>`;
  return html`<p class="order">Order: ${link("", "oldest first", !newestFirst)} ${link("-number", "newest first", newestFirst)}</p>`;
}

function row(customer: Customer): Html {
  const name = `${customer.firstName} ${customer.lastName}`;
  const path = `/customers/${customer.id}`;
  return html`<tr role="row">
<th role="rowheader" scope="row"><a href="${path}">${name}</a></th>
<td role="cell" data-label="Number" class="number">${customer.id}</td>
<td role="cell" data-label="Birth date" class="number">${customer.birthDate}</td>
<td role="cell" data-label="City">${customer.city}</td>
<td role="cell" data-label="Social security" class="number">${masked(customer.socialSecurityNumber)}</td>
<td role="cell" data-label="Card" class="number">${masked(shownValue("cardNumber", customer.cardNumber))}</td>
<td role="cell" data-label="Added" class="number"><time datetime="${dayAttribute(customer.createdAt)}">${day(customer.createdAt)}</time></td>
<td role="cell" class="row-actions"><a href="${path}/edit">Edit<span class="visually-hidden"> ${name}</span></a> <a href="${path}/delete">Delete<span class="visually-hidden"> ${name}</span></a></td>
</tr>`;
}
