import {
  type Customer,
  type CustomerInput,
  customerFields,
  type Page,
  type StoredCustomer,
} from "../../customers/customer-store";

/** Copies field by field, so that nothing else of a row gets out. */
export function customerOf(customer: Customer) {
  return withFields(customer, rowOf(customer));
}

export function storedCustomerOf(stored: StoredCustomer) {
  const { socialSecurityNumber, cardNumber, email } = stored.hashes;
  return {
    ...rowOf(stored),
    rowKey: stored.rowKey,
    dataKey: stored.dataKey,
    fields: withFields(stored.fields, {}),
    hashes: { socialSecurityNumber, cardNumber, email },
  };
}

function rowOf({ id, version, createdAt, updatedAt }: Customer | StoredCustomer) {
  return { id, version, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
}

/** Fills the answer itself, because copies of copies are slow and a page has a hundred. */
function withFields<Answer extends object>(fields: CustomerInput, answer: Answer): Answer & CustomerInput {
  const filled: Partial<CustomerInput> = answer;
  for (const field of customerFields) filled[field] = fields[field];
  return filled as Answer & CustomerInput;
}

export function pageOf<Row, Result>({ rows, total, page, pageSize }: Page<Row>, map: (row: Row) => Result) {
  return { rows: rows.map(map), total, page, pageSize };
}
