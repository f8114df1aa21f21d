import type { Customer, CustomerField, CustomerInput } from "../../customers/customer-store";
import type { Failure } from "../failures";
import { tokenField } from "../request-forgery";
import { fieldGroups, fieldPresentations } from "./fields";
import { type Html, html } from "./html";
import { layout } from "./layout";

export interface CustomerFormProps {
  csrfToken: string;
  values: CustomerInput;
  /** The customer that is edited, as it was when its page was made; nothing when one is added. */
  edited?: { id: number; version: number };
  /** Why it was not saved; what was entered stays. */
  failure?: Failure;
  /** After a conflict: what somebody else saved meanwhile. */
  stored?: Customer;
}

export function customerFormPage(props: CustomerFormProps): Html {
  const { csrfToken, edited, failure, stored, values } = props;
  const heading = edited ? `Edit customer ${edited.id}` : "Add a customer";
  const cancel = edited ? `/customers/${edited.id}` : "/customers";
  return layout({
    title: failure ? `Error: ${heading}` : heading,
    place: "customers",
    body: html`
<div class="narrow">
<div class="heading"><h1>${heading}</h1></div>
${failure ? summary(failure, stored) : ""}
<form class="panel" method="post" action="${edited ? cancel : "/customers"}" novalidate>
<input type="hidden" name="${tokenField}" value="${csrfToken}">
${edited ? html`<input type="hidden" name="version" value="${edited.version}">` : ""}
${fieldGroups.map(
  ({ legend, fields }) => html`
<fieldset><legend>${legend}</legend>
<div class="pair">${fields.map((field) => control(field, values[field], failure?.problems?.[field], stored?.[field]))}</div>
</fieldset>`,
)}
<div class="actions">
<button type="submit" class="primary">${stored ? "Replace with mine" : "Save"}</button>
<a class="button" href="${cancel}">Cancel</a>
</div>
</form>
</div>`,
  });
}

function control(field: CustomerField, value: string, problem: string | undefined, stored?: string): Html {
  const { label, hint, type, inputMode, optional } = fieldPresentations[field];
  const differs = stored !== undefined && stored !== value;
  const described = [
    hint && `${field}-hint`,
    problem && `${field}-problem`,
    differs && `${field}-stored`,
  ].filter(Boolean);
  return html`
<div class="field">
<label for="${field}">${label}${optional ? html` <span class="quiet">(optional)</span>` : ""}</label>
${hint ? html`<span class="hint" id="${field}-hint">${hint}</span>` : ""}
${problem ? html`<span class="wrong" id="${field}-problem">${problem}</span>` : ""}
<input id="${field}" name="${field}" type="${type}" value="${value}" autocomplete="off"${
    inputMode ? html` inputmode="${inputMode}"` : ""
  }${optional ? "" : html` required`}${problem ? html` aria-invalid="true"` : ""}${
    described.length > 0 ? html` aria-describedby="${described.join(" ")}"` : ""
  }>
${differs ? html`<span class="stored" id="${field}-stored">Saved meanwhile: ${stored || "nothing"}</span>` : ""}
</div>`;
}

/** Named first on the page and read out; each problem leads to its field. */
function summary({ title, detail, problems }: Failure, stored: Customer | undefined): Html {
  const fields = Object.entries(problems ?? {});
  return html`
<div class="problems" role="alert">
<h2>${title}</h2>
<p>${
    stored
      ? "Somebody else changed this customer while you were editing. What you entered is below, and where it differs, what was saved meanwhile. Saving now replaces that."
      : detail
  }${stored || fields.length > 0 ? "" : " What you entered is kept below; save it again."}</p>
${
  fields.length > 0
    ? html`<ul>${fields.map(([field, sentence]) => html`<li><a href="#${field}">${sentence}</a></li>`)}</ul>`
    : ""
}
</div>`;
}
