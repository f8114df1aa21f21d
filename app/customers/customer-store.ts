/** The fields that a person enters. All of them are encrypted before they reach the database. */
export const customerFields = [
  "firstName",
  "lastName",
  "birthDate",
  "address",
  "city",
  "socialSecurityNumber",
  "cardNumber",
  "salary",
  "email",
  "phone",
] as const;

export type CustomerField = (typeof customerFields)[number];

/** Every field as text. Formats and limits are in customer-input.ts; `email` and `phone` may be empty. */
export type CustomerInput = Record<CustomerField, string>;

export interface Customer extends CustomerInput {
  /** The customer number, from 1. Not encrypted, and searchable. */
  readonly id: number;
  /** Counts the changes. An edit names the version that it changes. */
  readonly version: number;
  /** Time of the addition. Not encrypted, and searchable by day (UTC). */
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface PageRequest {
  /** The page's number, from 1. */
  page: number;
  /** 1 to 100. */
  pageSize: number;
}

/** The orders: by number, ascending or descending. Any other order would need all customers decrypted. */
export const customerSorts = ["number", "-number"] as const;
export type CustomerSort = (typeof customerSorts)[number];

export interface CustomerQuery extends PageRequest {
  /** The default is ascending. */
  sort?: CustomerSort;
  /**
   * A customer number (`42`), a day, month or year of entry in UTC (`2026-11-21`, `2026-11`, `2026`: four digits are both a
   * number and a year), or a whole social security number, card number or e-mail address, found by keyed hash. Empty finds all.
   */
  search?: string;
}

export interface Page<Row> extends PageRequest {
  rows: Row[];
  /** The number of customers on all pages. */
  total: number;
}

export type CustomerPage = Page<Customer>;

export interface RevealedCustomer {
  customer: Customer;
  /** The id of the decryption in Vault's audit log. */
  auditId: string;
}

/** A row as the database holds it. */
export interface StoredCustomer {
  readonly id: number;
  /** A random text that binds each ciphertext to its row. */
  readonly rowKey: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** The row's data key, encrypted by Vault. Empty if Vault encrypted each field by itself. */
  readonly dataKey: string;
  /**
   * Ciphertexts: `aes:…` by the row's data key, or `vault:v1:…` in older rows. On Vault Enterprise the social security number
   * keeps its format, and the card number is masked.
   */
  readonly fields: Readonly<Record<CustomerField, string>>;
  /** Keyed hashes (HMAC with Vault's key) of the searchable fields. The hash of an empty field is empty. */
  readonly hashes: Readonly<Record<HashedField, string>>;
}

export const hashedFields = ["socialSecurityNumber", "cardNumber", "email"] as const;

/** The encrypted fields that a search finds by equality. */
export type HashedField = (typeof hashedFields)[number];

/**
 * The customers, encrypted by Vault, in the database.
 * Any call may throw `Unavailable`. Each call names the other errors that it throws.
 */
export interface CustomerStore {
  /** Lists by number. One transit call a page. @throws {InvalidInput} for `search`, or `page` and `pageSize` out of range */
  list(query: CustomerQuery): Promise<CustomerPage>;
  /** @throws {NotFound} */
  get(id: number): Promise<Customer>;
  /** Does the same for a person who asks to see the whole numbers. @throws {NotFound} */
  reveal(id: number): Promise<RevealedCustomer>;
  /**
   * @param oneTimeKey identifies this addition. A second call with the same key adds nothing
   * @throws {InvalidInput} also if the key was used for other content
   */
  add(input: CustomerInput, oneTimeKey?: string): Promise<Customer>;
  /** Returns true if `add` was called with this key. */
  wasAdded(oneTimeKey: string): Promise<boolean>;
  /** @throws {InvalidInput | NotFound | Conflict} Conflict if the stored version differs from `version` */
  edit(id: number, input: CustomerInput, version: number): Promise<Customer>;
  /**
   * Removes a customer from the list. If the workload may, it puts a copy in the archive, which this application cannot read.
   * @param version the version that the person saw. Without it, the call removes any version
   * @returns the row as it was stored
   * @throws {NotFound | Conflict} Conflict if the stored version differs from `version`
   */
  remove(id: number, version?: number): Promise<StoredCustomer>;
  /**
   * Restores a row that `remove` returned, under its number, and deletes its copy in the archive.
   * @throws {Tampered} if the row is not as it was stored
   * @throws {Conflict} if a customer already has that number or row key
   */
  restore(removed: StoredCustomer): Promise<void>;
  /** Customers with exactly this social security number, card number or e-mail address, found by keyed hash. */
  findByNumber(socialSecurityNumberCardNumberOrEmail: string): Promise<Customer[]>;
  /** Returns the rows of `list` without search, encrypted. @throws {InvalidInput} */
  asStored(request: PageRequest): Promise<Page<StoredCustomer>>;
  /** @throws {NotFound} */
  oneAsStored(id: number): Promise<StoredCustomer>;
}
