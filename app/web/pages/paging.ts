import type { Page } from "../../customers/customer-store";
import { tokenField } from "../request-forgery";
import { type Html, html } from "./html";

export interface PageStepsProps {
  page: Page<unknown>;
  path: string;
  /** Steps of a search are posted, as the search was. */
  search?: string;
  csrfToken: string;
}

/** Which part of how many this is, and the way to the parts beside it. */
export function pageSteps({ page, path, search, csrfToken }: PageStepsProps): Html {
  const { total, pageSize, rows } = page;
  const last = Math.max(1, Math.ceil(total / pageSize));
  const first = (page.page - 1) * pageSize + 1;
  const step = (number: number, name: string) =>
    search
      ? html`<button type="submit" name="page" value="${number}">${name}</button>`
      : html`<a class="button" rel="${name === "Next" ? "next" : "prev"}" href="${path}?page=${number}&pageSize=${pageSize}">${name}</a>`;
  const steps = html`<div class="steps">${page.page > 1 ? step(page.page - 1, "Previous") : ""}${
    page.page < last ? step(page.page + 1, "Next") : ""
  }</div>`;
  return html`
<nav class="paging" aria-label="Pages">
<p>${first} to ${first + rows.length - 1} of ${total}</p>
${
  search && last > 1
    ? html`<form method="post" action="/customers/search"><input type="hidden" name="${tokenField}" value="${csrfToken}"><input type="hidden" name="search" value="${search}"><input type="hidden" name="pageSize" value="${pageSize}">${steps}</form>`
    : steps
}
</nav>`;
}
