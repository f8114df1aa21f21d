import {
  type Customer,
  customerFields,
  hashedFields,
  type Page,
  type StoredCustomer,
} from "../../customers/customer-store";
import type { Failure } from "../failures";
import { fieldPresentations } from "./fields";
import { type Html, html } from "./html";
import { layout } from "./layout";
import { pageSteps } from "./paging";
import { shownMasked } from "./shown-value";

export interface DatabasePageProps {
  stored: Page<StoredCustomer>;
  /** The decrypted customers by number. Customers that Vault refused to decrypt are missing. */
  decrypted: ReadonlyMap<number, Customer>;
  failure?: Failure;
}

/** Shows the records as the database holds them, next to the decrypted values. */
export function databasePage({ stored, decrypted, failure }: DatabasePageProps): Html {
  return layout({
    title: "In the database",
    place: "database",
    body: html`
<div class="heading"><h1>In the database</h1></div>
<p class="lead">The database holds these values. A thief of its tables, backups or disk sees no more
than this. Next to each value is the decrypted one.</p>
${failure ? html`<div class="problems" role="alert"><h2>${failure.title}</h2><p>${failure.detail}</p></div>` : ""}
${stored.rows.map((row) => record(row, decrypted.get(row.id), html`<a href="/customers/${row.id}">Customer ${row.id}</a>`))}
${
  stored.rows.length > 0
    ? pageSteps({ page: stored, path: "/database", sizes: [5, 20, 100], csrfToken: "" })
    : html`<div class="panel"><p>This page has no records.</p><p><a href="/database">Show the first page</a></p></div>`
}`,
  });
}

/** Shows one customer as the database holds it, next to the decrypted values. */
export function storedCustomerPage(row: StoredCustomer, customer: Customer): Html {
  const name = `${customer.firstName} ${customer.lastName}`;
  return layout({
    title: `${name} in the database`,
    place: "customers",
    body: html`
<div class="heading"><h1>${name} in the database</h1><div class="choices"><a class="button" href="/customers/${row.id}">Back to the customer</a></div></div>
<p class="lead">Each ciphertext is bound to this row and its field. A moved ciphertext does not decrypt, and raises an alarm.</p>
${record(row, customer, html`Customer ${row.id}`)}
<p><a href="/database">Other customers in the database</a></p>`,
  });
}

function record(row: StoredCustomer, customer: Customer | undefined, heading: Html): Html {
  return html`
<section class="panel record" aria-labelledby="record-${row.id}">
<h2 id="record-${row.id}">${heading} <small>version ${row.version}, row key <code>${row.rowKey}</code></small></h2>
<table role="table">
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Field</th><th role="columnheader" scope="col">In the database</th><th role="columnheader" scope="col">Decrypted</th></tr></thead>
<tbody role="rowgroup">${
    row.dataKey === ""
      ? ""
      : html`<tr role="row">
<th role="rowheader" scope="row">Data key of the row</th>
<td role="cell" class="cipher" data-label="In the database"><code>${row.dataKey}</code></td>
<td role="cell" data-label="Decrypted"><span class="quiet">by Vault, for each use</span></td>
</tr>`
  }${customerFields.map(
    (field) => html`<tr role="row">
<th role="rowheader" scope="row">${fieldPresentations[field].label}</th>
<td role="cell" class="cipher" data-label="In the database">${row.fields[field] ? html`<code>${row.fields[field]}</code>` : html`<span class="quiet">nothing</span>`}</td>
<td role="cell" data-label="Decrypted">${customer ? shownMasked(field, customer[field]) || html`<span class="quiet">nothing</span>` : html`<span class="quiet">not decrypted</span>`}</td>
</tr>`,
  )}</tbody>
</table>
<details><summary>Keyed hashes, by which a number is found without decrypting<span class="visually-hidden"> (customer ${row.id})</span></summary>
<dl class="facts">${hashedFields.map(
    (field) =>
      html`<div><dt>${fieldPresentations[field].label}</dt><dd>${row.hashes[field] ? html`<code>${row.hashes[field]}</code>` : "nothing"}</dd></div>`,
  )}</dl></details>
</section>`;
}
