import type { CustomerField } from "../../customers/customer-store";
import { masked } from "../../customers/masked";

/** Numbers that a page shows whole only on request. */
export const maskedFields: ReadonlySet<CustomerField> = new Set(["socialSecurityNumber", "cardNumber"]);

/** Shows a value to a person who did not ask for whole numbers. */
export function shownMasked(field: CustomerField, value: string): string {
  return maskedFields.has(field) ? masked(shownValue(field, value)) : shownValue(field, value);
}

/** Formats a field for reading: a card in groups of four, an amount with separate thousands. Form fields do not use it. */
export function shownValue(field: CustomerField, value: string): string {
  // American Express cards have 15 digits in three groups.
  if (field === "cardNumber" && /^3\d{14}$/.test(value)) return value.replace(/^(.{4})(.{6})/, "$1 $2 ");
  if (field === "cardNumber" && /^\d{12,19}$/.test(value)) return value.replace(/\d{4}(?=\d)/g, "$& ");
  if (field === "salary") {
    return value.replace(/\B(?=(?:\d{3})+(?:\.|$))/g, ",").replace(/\.\d$/, "$&0");
  }
  return value;
}
