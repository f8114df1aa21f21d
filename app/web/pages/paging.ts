import type { Page } from "../../customers/customer-store";
import { tokenField } from "../request-forgery";
import { type Html, html } from "./html";

export interface PageStepsProps {
  page: Page<unknown>;
  path: string;
  /** Page sizes that a person can choose. */
  sizes: readonly number[];
  /** The order, if it is not the default. The links keep it. */
  sort?: string;
  /** The search. Its page buttons send a POST, as the search form does. */
  search?: string;
  csrfToken: string;
}

/** Shows the current part of the list, the links to other pages, and the page sizes. */
export function pageSteps(props: PageStepsProps): Html {
  const { page, search, csrfToken } = props;
  const { total, pageSize, rows } = page;
  const last = Math.max(1, Math.ceil(total / pageSize));
  const first = (page.page - 1) * pageSize + 1;
  const step = (number: number, name: string | number, rel?: string) =>
    search
      ? html`<button type="submit" name="page" value="${number}">${name}</button>`
      : html`<a class="button"${rel ? html` rel="${rel}"` : html` aria-label="Page ${number}"`} href="${address(props, number, pageSize)}">${name}</a>`;
  const steps = html`<div class="steps">${page.page > 1 ? step(page.page - 1, "Previous", "prev") : ""}${
    last > 1
      ? numbersAround(page.page, last).map((number) =>
          number === undefined
            ? html`<span class="gap" aria-hidden="true">…</span>`
            : number === page.page
              ? html`<span class="button current" aria-current="page">${number}</span>`
              : step(number, number),
        )
      : ""
  }${page.page < last ? step(page.page + 1, "Next", "next") : ""}</div>`;
  return html`
<nav class="paging" aria-label="Pages">
<p>${first} to ${first + rows.length - 1} of ${total}</p>
${
  search && last > 1
    ? html`<form method="post" action="/customers/search"><input type="hidden" name="${tokenField}" value="${csrfToken}"><input type="hidden" name="search" value="${search}"><input type="hidden" name="pageSize" value="${pageSize}">${props.sort ? html`<input type="hidden" name="sort" value="${props.sort}">` : ""}${steps}</form>`
    : steps
}
${search ? "" : sizesOf(props)}
</nav>`;
}

function sizesOf(props: PageStepsProps): Html {
  const { pageSize } = props.page;
  return html`<p class="sizes">Rows a page: ${props.sizes.map((size) =>
    size === pageSize
      ? html`<span aria-current="true">${size}</span> `
      : html`<a href="${address(props, 1, size)}" aria-label="${size} rows a page">${size}</a> `,
  )}</p>`;
}

function address({ path, sort }: PageStepsProps, page: number, pageSize: number): string {
  return `${path}?page=${page}&pageSize=${pageSize}${sort ? `&sort=${sort}` : ""}`;
}

/** Returns the first page, the last page, and the neighbours of the current page. Undefined stands for a gap. */
function numbersAround(current: number, last: number): (number | undefined)[] {
  const wanted = [1, current - 1, current, current + 1, last].filter(
    (number) => number >= 1 && number <= last,
  );
  const numbers = [...new Set(wanted)].sort((a, b) => a - b);
  return numbers.flatMap((number, index) => {
    const before = numbers[index - 1];
    return before !== undefined && number > before + 1 ? [undefined, number] : [number];
  });
}
