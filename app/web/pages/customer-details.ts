import type { Customer, CustomerField } from "../../customers/customer-store";
import { tokenField } from "../request-forgery";
import { fieldGroups, fieldPresentations } from "./fields";
import { type Html, html } from "./html";
import { layout, notice } from "./layout";
import { maskedFields, shownMasked, shownValue } from "./shown-value";
import { minute } from "./times";

export interface CustomerDetailsProps {
  customer: Customer;
  csrfToken: string;
  /** The notice about the last change. */
  done?: string;
  /** Ids of the log entries, if somebody asked for the whole numbers. */
  revealed?: { auditId: string; requestId: string };
}

/** One customer, as the application decrypts it. */
export function customerDetailsPage({ customer, csrfToken, done, revealed }: CustomerDetailsProps): Html {
  const name = `${customer.firstName} ${customer.lastName}`;
  const path = `/customers/${customer.id}`;
  const shown = (field: CustomerField) => (revealed ? shownValue : shownMasked)(field, customer[field]);
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
        shown(field) || html`<span class="quiet">not given</span>`
      }</dd></div>`,
  )}</dl>
${fields.some((field) => maskedFields.has(field)) ? numbersForm(path, csrfToken, revealed) : ""}
</section>`,
)}
<p><a href="${path}/stored">This customer in the database</a></p>
<p><a href="/customers">All customers</a></p>
</div>`,
  });
}

function numbersForm(path: string, csrfToken: string, revealed: CustomerDetailsProps["revealed"]): Html {
  if (!revealed) {
    return html`<form method="post" action="${path}/reveal"><input type="hidden" name="${tokenField}" value="${csrfToken}">
<div class="actions"><button type="submit">Reveal the numbers</button><span class="quiet">Your request is logged.</span></div></form>`;
  }
  return html`<p class="notice" role="status">The numbers are shown, and that is logged: by this application as request <code>${revealed.requestId}</code>, by Vault as <code>${revealed.auditId}</code>. Neither log has the numbers.</p>
<div class="actions"><a class="button" href="${path}">Hide the numbers</a></div>`;
}
