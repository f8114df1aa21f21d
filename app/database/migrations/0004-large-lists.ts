import { type Migration, unlessDone } from "./migration";

/**
 * Narrow indexes. A page far into the list counts in `customers_id` instead of reading every row before it. Rows without a data key
 * are found without reading all others.
 */
export const largeLists: Migration = {
  version: 4,
  name: "large-lists",
  statements: unlessDone(
    "add_keys",
    { view: "STATISTICS", condition: "INDEX_NAME = 'customers_id'" },
    "ALTER TABLE customers ADD KEY customers_id (id), ADD KEY customers_data_key (data_key(1))",
  ),
};
