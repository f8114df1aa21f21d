import type { Migration } from "./migration";

/** Removed customers, encrypted with a key that the application may not use to decrypt. */
export const customerArchive: Migration = {
  version: 2,
  name: "customer-archive",
  statements: [
    `CREATE TABLE IF NOT EXISTS customer_archive (
      row_key CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
      customer_id INT UNSIGNED NOT NULL,
      archived_at DATETIME(3) NOT NULL,
      sealed TEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
      KEY customer_archive_customer_id (customer_id)
    ) ENGINE=InnoDB`,
  ],
};
