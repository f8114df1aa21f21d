/** What a person enters, all of it encrypted by Vault before it reaches the database. */
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
  /** Counts the changes; an edit names the version that it was made from. */
  readonly version: number;
  /** When it was added; not encrypted, and searchable by day (UTC). */
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface PageRequest {
  /** From 1. */
  page: number;
  /** 1 to 100. */
  pageSize: number;
}

/** By number, ascending or descending: nothing else of a customer can be ordered without decrypting all. */
export const customerSorts = ["number", "-number"] as const;
export type CustomerSort = (typeof customerSorts)[number];

export interface CustomerQuery extends PageRequest {
  /** The default is ascending. */
  sort?: CustomerSort;
  /**
   * A customer number (`42`), a day, month or year of entry in UTC (`2026-11-21`, `2026-11`, `2026`: four digits are both a
   * number and a year), or a whole social security number, card number or e-mail address, found by keyed hash. Empty: all.
   */
  search?: string;
}

export interface Page<Row> extends PageRequest {
  rows: Row[];
  /** Of all pages. */
  total: number;
}

export type CustomerPage = Page<Customer>;

export interface RevealedCustomer {
  customer: Customer;
  /** Under which Vault's audit log has the decryption. */
  auditId: string;
}

/** A row as the database holds it. */
export interface StoredCustomer {
  readonly id: number;
  /** Random; binds each ciphertext to its row. */
  readonly rowKey: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** The row's data key, encrypted by Vault; empty where Vault encrypted each field by itself. */
  readonly dataKey: string;
  /**
   * Ciphertexts: `aes:…` by the row's data key, or `vault:v1:…` in rows of before. On Vault Enterprise the social security number
   * keeps its format, and the card number is masked.
   */
  readonly fields: Readonly<Record<CustomerField, string>>;
  /** Keyed hashes (HMAC with Vault's key) of what can be searched for, empty where nothing was entered. */
  readonly hashes: Readonly<Record<HashedField, string>>;
}

export const hashedFields = ["socialSecurityNumber", "cardNumber", "email"] as const;

/** Searchable by equality although encrypted. */
export type HashedField = (typeof hashedFields)[number];

/**
 * The customers, encrypted by Vault, in the database.
 * Any call may throw `Unavailable`; those of `../errors` that a call throws beside it are named at the call.
 */
export interface CustomerStore {
  /** By number. One transit call a page. @throws {InvalidInput} `search`, or `page` and `pageSize` out of range */
  list(query: CustomerQuery): Promise<CustomerPage>;
  /** @throws {NotFound} */
  get(id: number): Promise<Customer>;
  /** The same, for somebody who asks for the whole numbers. @throws {NotFound} */
  reveal(id: number): Promise<RevealedCustomer>;
  /**
   * @param oneTimeKey of this addition: sent again with the same key, it is not done again
   * @throws {InvalidInput} also when the key was used for other content
   */
  add(input: CustomerInput, oneTimeKey?: string): Promise<Customer>;
  /** Whether `add` has been done with this key. */
  wasAdded(oneTimeKey: string): Promise<boolean>;
  /** @throws {InvalidInput | NotFound | Conflict} Conflict when `version` is no longer the stored one */
  edit(id: number, input: CustomerInput, version: number): Promise<Customer>;
  /**
   * Leaves the list; where the workload may, a copy goes to the archive, which this application cannot read.
   * @param version the version that the person saw; without it, any version is removed
   * @returns the row as it was stored
   * @throws {NotFound | Conflict} Conflict when `version` is no longer the stored one
   */
  remove(id: number, version?: number): Promise<StoredCustomer>;
  /**
   * Brings back what `remove` gave, under its number; its copy leaves the archive.
   * @throws {Tampered} when it is not what was stored
   * @throws {Conflict} when there is a customer of that number or row key
   */
  restore(removed: StoredCustomer): Promise<void>;
  /** Customers with exactly this social security number, card number or e-mail address, found without decrypting. */
  findByNumber(socialSecurityNumberCardNumberOrEmail: string): Promise<Customer[]>;
  /** The same rows as `list` without search, undecrypted. @throws {InvalidInput} */
  asStored(request: PageRequest): Promise<Page<StoredCustomer>>;
  /** @throws {NotFound} */
  oneAsStored(id: number): Promise<StoredCustomer>;
}
