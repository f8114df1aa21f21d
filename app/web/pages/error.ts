import type { Failure } from "../failures";
import { type Html, html } from "./html";
import { layout } from "./layout";

/** @param again the page's own address, if a reload may help */
export function errorPage(
  { title, detail, problems, retryAfterSeconds }: Failure,
  requestId: string,
  again?: string,
): Html {
  return layout({
    title,
    body: html`
<div class="narrow">
<div class="heading"><h1>${title}</h1></div>
<div class="panel">
<p>${detail}</p>
${
  problems
    ? html`<ul>${Object.entries(problems).map(([field, sentence]) => html`<li>${field}: ${sentence}</li>`)}</ul>`
    : ""
}
${
  retryAfterSeconds === undefined
    ? ""
    : html`<p>${again ? "This page tries again by itself in" : "Try again in"} ${retryAfterSeconds} ${retryAfterSeconds === 1 ? "second" : "seconds"}.</p>`
}
<p class="quiet">The number of this request is <code>${requestId}</code>.</p>
<div class="actions">${again ? html`<a class="button primary" href="${again}">Try again</a>` : ""}<a class="button" href="/customers">All customers</a></div>
</div>
</div>`,
  });
}
