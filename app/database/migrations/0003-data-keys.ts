import { type Migration, unlessDone } from "./migration";

/** `vault:v<n>:`, then 44 characters, nonce and tag in base64. Empty in rows that Vault encrypted field by field. */
const column = "data_key VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''";

export const dataKeys: Migration = {
  version: 3,
  name: "data-keys",
  statements: unlessDone(
    "add_data_key",
    { view: "COLUMNS", condition: "COLUMN_NAME = 'data_key'" },
    `ALTER TABLE customers ADD COLUMN ${column}`,
  ),
};
