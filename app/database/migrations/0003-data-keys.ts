import type { Migration } from "./migration";

/** `vault:v<n>:`, then 44 characters, nonce and tag in base64. Empty in rows that Vault encrypted field by field. */
const column = "data_key VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''";

/** MySQL has no `ADD COLUMN IF NOT EXISTS`, and would reject the column if an interrupted attempt already added it. */
export const dataKeys: Migration = {
  version: 3,
  name: "data-keys",
  statements: [
    `SET @add_data_key = IF(
      (SELECT COUNT(*) FROM information_schema.COLUMNS
       WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'customers' AND COLUMN_NAME = 'data_key') = 0,
      'ALTER TABLE customers ADD COLUMN ${column.replaceAll("'", "''")}',
      'DO 0')`,
    "PREPARE add_data_key FROM @add_data_key",
    "EXECUTE add_data_key",
    "DEALLOCATE PREPARE add_data_key",
  ],
};
