import { type CustomerInput, customerFields } from "../customers/customer-store";
import { textFields } from "./form-fields";
import { readField } from "./pages/customer-form";

export const emptyInput = Object.fromEntries(customerFields.map((field) => [field, ""])) as CustomerInput;

/** The customer that a form sent. */
export function enteredCustomer(body: unknown): CustomerInput {
  return { ...emptyInput, ...textFields(body, customerFields) };
}

/** The customer as the form showed it. A field that the form does not report counts as unchanged. */
export function readCustomer(body: unknown, entered: CustomerInput): CustomerInput {
  const sent = textFields(body, customerFields.map(readField));
  return Object.fromEntries(
    customerFields.map((field) => [field, sent[readField(field)] ?? entered[field]]),
  ) as CustomerInput;
}
