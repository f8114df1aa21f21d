import {
  type Customer,
  customerFields,
  type Page,
  type StoredCustomer,
} from "../../customers/customer-store";

/** Copies field by field, so that nothing else of a row gets out. */
export function customerOf(customer: Customer) {
  return { ...rowOf(customer), ...fieldsOf(customer) };
}

export function storedCustomerOf(stored: StoredCustomer) {
  const { socialSecurityNumber, cardNumber, email } = stored.hashes;
  return {
    ...rowOf(stored),
    rowKey: stored.rowKey,
    dataKey: stored.dataKey,
    fields: fieldsOf(stored.fields),
    hashes: { socialSecurityNumber, cardNumber, email },
  };
}

function rowOf({ id, version, createdAt, updatedAt }: Customer | StoredCustomer) {
  return { id, version, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
}

function fieldsOf(fields: Customer | StoredCustomer["fields"]) {
  const only: Record<string, string> = {};
  for (const field of customerFields) only[field] = fields[field];
  return only;
}

export function pageOf<Row, Result>({ rows, total, page, pageSize }: Page<Row>, map: (row: Row) => Result) {
  return { rows: rows.map(map), total, page, pageSize };
}
