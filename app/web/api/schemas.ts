import { z } from "zod";
import { longest } from "../../customers/customer-input";
import {
  type CustomerField,
  customerFields,
  customerSorts,
  hashedFields,
} from "../../customers/customer-store";

/** RFC 9457. */
export const problemMediaType = "application/problem+json";

const textFields = z.object(recordOf(customerFields, () => z.string()));
const hashes = z.object(recordOf(hashedFields, () => z.string()));

function recordOf<Name extends string, Value>(names: readonly Name[], value: (name: Name) => Value) {
  return Object.fromEntries(names.map((name) => [name, value(name)])) as Record<Name, Value>;
}

const whole = z.int().min(0);
const time = z.iso.datetime();
const customerNumber = z.int().min(1).describe("The customer number.");
/** A time that an edit may contain, so that a client can send back the record that it read. */
const ignoredTime = time.optional().describe("Ignored.");
const row = z.object({
  id: customerNumber,
  version: z.int().min(1).describe("The number of changes."),
  createdAt: time,
  updatedAt: time,
});

function pageOf(rows: z.ZodType) {
  return z.object({
    rows: z.array(rows),
    total: whole.describe("Of all pages."),
    page: z.int().min(1),
    pageSize: z.int().min(1).max(100),
  });
}

const customer = row.extend(textFields.shape);
const storedCustomer = row.extend({
  rowKey: z.string().describe("Random; binds each ciphertext to its row."),
  dataKey: z.string().describe("The key of the row's ciphertexts, encrypted by Vault."),
  fields: textFields.describe("Ciphertexts."),
  hashes: hashes.describe("Keyed hashes. The hash of an empty field is empty."),
});

const secondsLeft = whole.optional().describe("Whole seconds. Missing without a token or lease.");

/** The API's answers, by their names in the OpenAPI document. */
export const answers = {
  Customer: customer,
  CustomerPage: pageOf(customer),
  StoredCustomerPage: pageOf(storedCustomer),
  Status: z.object({
    way: z.enum(["vault", "agent"]),
    readiness: z.object({ ready: z.boolean(), reasons: z.array(z.string()), retryAfterSeconds: z.number() }),
    steps: z.object(
      recordOf(["identity", "vault", "database", "encryption"], () =>
        z.discriminatedUnion("state", [
          z.object({ state: z.literal("works") }),
          z.object({ state: z.literal("fails"), reason: z.string() }),
          z.object({ state: z.literal("unknown") }),
        ]),
      ),
    ),
    identity: z.record(z.string(), z.string()).describe("Claims of the identity's token, never the token."),
    vault: z.object({
      address: z.string(),
      role: z.string(),
      policies: z.array(z.string()),
      tokenType: z.string(),
      tokenSecondsLeft: secondsLeft,
      edition: z.enum(["community", "enterprise"]),
    }),
    database: z.object({
      host: z.string(),
      name: z.string(),
      user: z.string(),
      leaseId: z.string(),
      leaseSecondsLeft: secondsLeft,
      replacements: whole,
    }),
    transit: z.object({
      key: z.string(),
      latestVersion: z.int().optional(),
      rowsByVersion: z
        .record(z.string(), whole)
        .optional()
        .describe("Customers by the key's version. Missing while the database does not answer."),
    }),
  }),
  Problem: z.object({
    type: z.literal("about:blank"),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    requestId: z.string().describe("The id of this request in the log."),
    problems: z
      .record(z.string(), z.string())
      .optional()
      .describe("A sentence with the problem and the cure, by field."),
  }),
  Health: z.object({ status: z.literal("alive") }),
  Readiness: z.object({ status: z.enum(["ready", "not ready"]), reasons: z.array(z.string()) }),
} as const;

export type AnswerName = keyof typeof answers;

/** Formats of fields, for readers of the document. The store checks them for the pages and for the API. */
const formats: Readonly<Partial<Record<CustomerField, { description: string; examples: string[] }>>> = {
  birthDate: { description: "A day from 1900-01-01 to today.", examples: ["1980-12-31"] },
  socialSecurityNumber: { description: "Nine digits in three groups.", examples: ["900-12-3456"] },
  cardNumber: {
    description: "12 to 19 digits, the last of them a check digit.",
    examples: ["4111111111111111"],
  },
  salary: { description: "An amount, with a point.", examples: ["52000.50"] },
  email: { description: "May be empty.", examples: ["name@example.com"] },
  phone: { description: "May be empty.", examples: ["+1 202 555 0101"] },
};

function textField(field: CustomerField) {
  return z.string().meta({ maxLength: longest[field], ...formats[field] });
}

/** Checks that each field exists and is a text. The store checks its content. */
const customerBody = z.strictObject({
  ...recordOf(customerFields, textField),
  email: textField("email").default(""),
  phone: textField("phone").default(""),
});

const pageLimit = 1_000_000;
const noPage = `The page is not a whole number from 1 to ${pageLimit}.`;
const noPageSize = "The page size is not a whole number from 1 to 100.";
const page = z.int(noPage).min(1, noPage).max(pageLimit, noPage);
const pageSize = z.int(noPageSize).min(1, noPageSize).max(100, noPageSize);
/** A whole number in an address or a form, which comes as text. */
const numberText = (message: string) =>
  z
    .string(message)
    .regex(/^\d{1,9}$/, message)
    .transform(Number);

/** A page of a list, in an address or a form. */
export const pageQuery = z.strictObject({
  page: numberText(noPage).pipe(page).default(1),
  pageSize: numberText(noPageSize).pipe(pageSize).default(20),
});

/** A page of the list of customers, and its order. */
export const customerQuery = pageQuery.extend({
  sort: z.enum(customerSorts).default("number").describe("By customer number, ascending or descending."),
});

const searchText = z
  .string("The search is not a text.")
  .trim()
  .max(200, "The search is longer than 200 characters.");

const searchBody = z.strictObject({
  search: searchText
    .min(1, "The search is empty.")
    .describe(
      "A customer number, a day, month or year of entry (UTC), or a whole social security number, card number or e-mail address.",
    ),
  page: page.default(1),
  pageSize: pageSize.default(20),
  sort: customerQuery.shape.sort,
});

/** The search as the page's form sends it. */
export const searchForm = customerQuery.extend({ search: searchText.default("") });

const noVersion = "The version is not a whole number from 1. Send the version that you read.";

/** The version that an edit changes. */
const version = z.int(noVersion).min(1, noVersion);

/** The same in a form. */
export const versionForm = z.object({ version: numberText(noVersion).pipe(version) });

/** The content of an edit: a customer as it was read, or its fields and the version that the edit changes. */
const editBody = customerBody.extend({
  id: customerNumber.optional(),
  version: version.optional(),
  createdAt: ignoredTime,
  updatedAt: ignoredTime,
});

/** The bodies that the API accepts, by their names in the OpenAPI document. */
export const bodies = {
  CustomerInput: customerBody,
  CustomerEdit: editBody,
  CustomerSearch: searchBody,
} as const;

export type BodyName = keyof typeof bodies;

/** A customer's address. Larger numbers are not a customer's, whatever the database's column holds. */
export const customerPath = z.object({
  id: z
    .string()
    .regex(/^[1-9]\d{0,9}$/)
    .transform(Number)
    .pipe(
      z
        .int()
        .min(1)
        .max(2 ** 31 - 1),
    ),
});
