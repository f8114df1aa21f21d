import type { CustomerField } from "../../customers/customer-store";

/** The presentation of a field. */
export interface FieldPresentation {
  label: string;
  hint?: string;
  type: "text" | "date" | "email" | "tel";
  /** The keyboard that a phone shows. */
  inputMode?: "numeric" | "decimal";
  optional?: true;
}

export const fieldPresentations: Readonly<Record<CustomerField, FieldPresentation>> = {
  firstName: { label: "First name", type: "text" },
  lastName: { label: "Last name", type: "text" },
  birthDate: { label: "Birth date", type: "date" },
  address: { label: "Street address", type: "text" },
  city: { label: "City", type: "text" },
  socialSecurityNumber: {
    label: "Social security number",
    hint: "Nine digits, with or without hyphens, such as 900-12-3456",
    type: "text",
    inputMode: "numeric",
  },
  cardNumber: {
    label: "Card number",
    hint: "As on the card, such as 4111 1111 1111 1111",
    type: "text",
    inputMode: "numeric",
  },
  salary: { label: "Salary", hint: "A year, such as 54,000.00", type: "text", inputMode: "decimal" },
  email: { label: "E-mail address", type: "email", optional: true },
  phone: { label: "Phone", type: "tel", optional: true },
};

/** The form's parts. */
export const fieldGroups: readonly { legend: string; fields: readonly CustomerField[] }[] = [
  { legend: "Person", fields: ["firstName", "lastName", "birthDate"] },
  { legend: "Contact", fields: ["address", "city", "email", "phone"] },
  { legend: "Numbers", fields: ["socialSecurityNumber", "cardNumber", "salary"] },
];
