import type { Customer } from "../../customers/customer-store";
import { fieldGroups, fieldPresentations } from "./fields";
import { type Html, html } from "./html";
import { layout, notice } from "./layout";
import { minute } from "./times";

/** One customer, as the application decrypts it. */
export function customerDetailsPage(customer: Customer, done?: string): Html {
  const name = `${customer.firstName} ${customer.lastName}`;
  const path = `/customers/${customer.id}`;
  return layout({
    title: name,
    place: "customers",
    body: html`
<div class="narrow">
${notice(done)}
<div class="heading"><div>
<h1 class="name">${name}</h1>
<p class="quiet">Customer ${customer.id}, added ${minute(customer.createdAt)}${
      customer.version > 1 ? `, changed ${minute(customer.updatedAt)}` : ""
    }</p>
</div>
<div class="choices">
<a class="button primary" href="${path}/edit">Edit</a>
<a class="button" href="${path}/delete">Delete</a>
</div>
</div>
${fieldGroups.map(
  ({ legend, fields }) => html`
<section class="panel" aria-labelledby="part-${legend}">
<h2 id="part-${legend}">${legend}</h2>
<dl class="facts">${fields.map(
    (field) =>
      html`<div><dt>${fieldPresentations[field].label}</dt><dd>${
        customer[field] || html`<span class="quiet">not given</span>`
      }</dd></div>`,
  )}</dl>
</section>`,
)}
<p><a href="/customers">All customers</a></p>
</div>`,
  });
}
