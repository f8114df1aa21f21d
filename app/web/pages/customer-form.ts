import {
  type Customer,
  type CustomerField,
  type CustomerInput,
  customerFields,
  type HashedField,
} from "../../customers/customer-store";
import type { Failure } from "../failures";
import { tokenField } from "../request-forgery";
import { fieldGroups, fieldPresentations } from "./fields";
import { type Html, html } from "./html";
import { layout, notice } from "./layout";

export interface CustomerFormProps {
  csrfToken: string;
  values: CustomerInput;
  /** The edited customer, as it was when the server made the page. Undefined for a new customer. */
  edited?: CustomerInput & { id: number; version: number };
  /** The key of a new customer: a form that is sent twice adds one customer. */
  oneTimeKey?: string;
  /** The reason why the form was not saved. The entered values stay. */
  failure?: Failure;
  /** After a conflict: the customer that somebody else saved meanwhile, and the fields that both changed. */
  stored?: Customer;
  disputed?: readonly CustomerField[];
  /** Other customers with the same numbers or address. The server saves the form only if the person sends it again. */
  alike?: readonly AlikeCustomers[];
  /** The notice about the last change. */
  done?: string;
}

/** Customers with the entered value of a field. */
export interface AlikeCustomers {
  field: HashedField;
  ids: readonly number[];
}

/** Name of the hidden field with a field's value when the server made the form. */
export const readField = <Field extends CustomerField>(field: Field) => `read.${field}` as const;

export function customerFormPage(props: CustomerFormProps): Html {
  const { edited, failure, stored, disputed = [], alike = [], values } = props;
  const [firstProblem] =
    disputed.length > 0 ? disputed : fieldsInOrder.filter((field) => failure?.problems?.[field]);
  const heading = edited ? `Edit customer ${edited.id}` : "Add a customer";
  const cancel = edited ? `/customers/${edited.id}` : "/customers";
  return layout({
    title: failure ? `Error: ${heading}` : heading,
    place: "customers",
    body: html`
<div class="narrow">
${notice(props.done)}
<div class="heading"><h1>${heading}</h1></div>
${alike.length > 0 ? alikeWarning(alike) : ""}
${failure ? summary(failure, stored) : ""}
<form class="panel" method="post" action="${edited ? cancel : "/customers"}" novalidate>
${hiddenFields(props)}
${fieldGroups.map(
  ({ legend, fields }) => html`
<fieldset><legend>${legend}</legend>
<div class="pair">${fields.map((field) =>
    control(field, values[field], {
      problem: failure?.problems?.[field],
      stored: disputed.includes(field) ? stored?.[field] : undefined,
      focused: field === firstProblem,
    }),
  )}</div>
</fieldset>`,
)}
<div class="actions">
<button type="submit" class="primary">${alike.length > 0 ? "Save anyway" : "Save"}</button>
${edited ? "" : html`<button type="submit" name="next" value="another">Save and add another</button>`}
<a class="button" href="${cancel}">Cancel</a>
</div>
</form>
</div>`,
  });
}

function hiddenFields({ csrfToken, edited, alike = [], oneTimeKey }: CustomerFormProps): Html {
  return html`<input type="hidden" name="${tokenField}" value="${csrfToken}">
${alike.length > 0 ? html`<input type="hidden" name="alike" value="accepted">` : ""}
${oneTimeKey ? html`<input type="hidden" name="oneTimeKey" value="${oneTimeKey}">` : ""}
${
  edited
    ? html`<input type="hidden" name="version" value="${edited.version}">${customerFields.map(
        (field) => html`<input type="hidden" name="${readField(field)}" value="${edited[field]}">`,
      )}`
    : ""
}`;
}

const fieldsInOrder = fieldGroups.flatMap(({ fields }) => fields);

interface ControlState {
  problem?: string;
  stored?: string;
  /** True for the field that gets the focus. */
  focused: boolean;
}

function control(field: CustomerField, value: string, { problem, stored, focused }: ControlState): Html {
  const { label, hint, type, inputMode, optional } = fieldPresentations[field];
  const described = [
    hint && `${field}-hint`,
    problem && `${field}-problem`,
    stored !== undefined && `${field}-stored`,
  ].filter(Boolean);
  return html`
<div class="field">
<label for="${field}">${label}${optional ? html` <span class="quiet">(optional)</span>` : ""}</label>
${hint ? html`<span class="hint" id="${field}-hint">${hint}</span>` : ""}
${problem ? html`<span class="wrong" id="${field}-problem">${problem}</span>` : ""}
<input id="${field}" name="${field}" type="${type}" value="${value}" autocomplete="off"${
    inputMode ? html` inputmode="${inputMode}"` : ""
  }${optional ? "" : html` required`}${problem ? html` aria-invalid="true"` : ""}${focused ? html` autofocus` : ""}${
    described.length > 0 ? html` aria-describedby="${described.join(" ")}"` : ""
  }>
${stored !== undefined ? html`<span class="stored" id="${field}-stored">Saved meanwhile: ${stored || "nothing"}</span>` : ""}
</div>`;
}

function alikeWarning(alike: readonly AlikeCustomers[]): Html {
  return html`
<div class="warning" role="alert">
<h2>Is this customer here already?</h2>
<p>Nothing was saved yet. Other customers have the same values:</p>
<ul>${alike.map(
    ({ field, ids }) =>
      html`<li>${fieldPresentations[field].label}: ${ids.map((id) => html`<a href="/customers/${id}">customer ${id}</a> `)}</li>`,
  )}</ul>
</div>`;
}

/** The list of problems at the top of the page, which screen readers read out. Each problem links to its field. */
function summary({ title, detail, problems }: Failure, stored: Customer | undefined): Html {
  const fields = Object.entries(problems ?? {});
  return html`
<div class="problems" role="alert">
<h2>${title}</h2>
<p>${
    stored
      ? "Somebody else changed the same fields of this customer while you were editing. Below each of them is the value that was saved meanwhile. Choose what to keep, then save. All other changes of both of you are kept."
      : detail
  }${stored || fields.length > 0 ? "" : " Your input is kept below. Save it again."}</p>
${
  fields.length > 0
    ? html`<ul>${fields.map(([field, sentence]) => html`<li><a href="#${field}">${sentence}</a></li>`)}</ul>`
    : ""
}
</div>`;
}
