import { tokenField } from "../request-forgery";
import { type Html, html } from "./html";

export interface SearchFormProps {
  csrfToken: string;
  search: string;
  problem?: string;
}

/**
 * The form sends a POST although it changes nothing: browsers, proxies and App Service's own log would keep a social security
 * number in an address.
 */
export function searchForm({ csrfToken, search, problem }: SearchFormProps): Html {
  return html`
${
  problem
    ? html`<div class="problems" role="alert"><h2>The search cannot be done</h2><ul><li><a href="#search">${problem}</a></li></ul></div>`
    : ""
}
<form class="panel search" role="search" method="post" action="/customers/search" novalidate>
<input type="hidden" name="${tokenField}" value="${csrfToken}">
<div class="field">
<label for="search">Search</label>
<span class="hint" id="search-hint">A customer number, the day, month or year of entry (2026-11-21), or a whole social security number, card number or e-mail address</span>
<input id="search" name="search" type="search" value="${search}" autocomplete="off" aria-describedby="search-hint"${
    problem ? html` aria-invalid="true"` : ""
  }>
</div>
<button type="submit">Search</button>
${search ? html`<a class="button" href="/customers">Show all</a>` : ""}
</form>`;
}
