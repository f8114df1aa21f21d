import type { Migration } from "./migration";

const table = "TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'customers'";

/**
 * Narrow indexes. A page far into the list counts in `customers_id` instead of reading every row before it. Rows without a data key
 * are found without reading all others. MySQL has no `ADD KEY IF NOT EXISTS`.
 */
export const largeLists: Migration = {
  version: 4,
  name: "large-lists",
  statements: [
    `SET @add_keys = IF(
      (SELECT COUNT(*) FROM information_schema.STATISTICS WHERE ${table} AND INDEX_NAME = 'customers_id') = 0,
      'ALTER TABLE customers ADD KEY customers_id (id), ADD KEY customers_data_key (data_key(1))',
      'DO 0')`,
    "PREPARE add_keys FROM @add_keys",
    "EXECUTE add_keys",
    "DEALLOCATE PREPARE add_keys",
  ],
};
