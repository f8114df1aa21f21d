import type { Migration } from "./migration";

/** Longest ciphertext of a field: `vault:v<n>:`, then 200 characters of 4 bytes, nonce and tag in base64. */
const ciphertext = "VARCHAR(1200) CHARACTER SET ascii COLLATE ascii_bin NOT NULL";
const hash = "VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL";
const uuid = "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL";

export const customers: Migration = {
  version: 1,
  name: "customers",
  statements: [
    `CREATE TABLE IF NOT EXISTS customers (
      id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
      row_key ${uuid},
      version INT UNSIGNED NOT NULL,
      key_version INT UNSIGNED NOT NULL,
      created_at DATETIME(3) NOT NULL,
      updated_at DATETIME(3) NOT NULL,
      first_name ${ciphertext},
      last_name ${ciphertext},
      birth_date ${ciphertext},
      address ${ciphertext},
      city ${ciphertext},
      social_security_number ${ciphertext},
      card_number ${ciphertext},
      salary ${ciphertext},
      email ${ciphertext},
      phone ${ciphertext},
      social_security_number_hash ${hash},
      card_number_hash ${hash},
      email_hash ${hash},
      UNIQUE KEY customers_row_key (row_key),
      KEY customers_created_at (created_at),
      KEY customers_key_version (key_version),
      KEY customers_social_security_number_hash (social_security_number_hash),
      KEY customers_card_number_hash (card_number_hash),
      KEY customers_email_hash (email_hash)
    ) ENGINE=InnoDB`,
  ],
};
