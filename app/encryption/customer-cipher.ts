import type { SealedFields } from "../customers/customer-rows";
import {
  type CustomerField,
  type CustomerInput,
  customerFields,
  type HashedField,
  hashedFields,
  type StoredCustomer,
} from "../customers/customer-store";
import { Tampered, Unavailable } from "../errors";
import { isOfDataKey, openFields, sealFields } from "./data-key";
import type { Transform } from "./transform";
import type { OnAnswer, TransitKey, Undecryptable } from "./transit";

/** A customer to encrypt, and the random text of its row. Each ciphertext is bound to that text. */
export interface OpenRow {
  rowKey: string;
  input: CustomerInput;
}

/** Fields that the transform engine encodes on Vault Enterprise. */
const transformed: ReadonlySet<CustomerField> = new Set(["socialSecurityNumber", "cardNumber"]);

/**
 * Encrypts and decrypts customers' fields. A data key encrypts the fields of a row, and Vault encrypts the data key,
 * because each value costs Vault an entry in each audit log. For any number of rows, it sends one transit request to decrypt, or
 * two to encrypt (data keys and keyed hashes). Vault Enterprise needs one or two more for the transform engine.
 */
export class CustomerCipher {
  constructor(
    private readonly key: TransitKey,
    private readonly archiveKey?: TransitKey,
    private readonly transform?: Transform,
  ) {}

  async seal(rows: readonly OpenRow[]): Promise<SealedFields[]> {
    const byDataKey = customerFields.filter((field) => !this.transform || !transformed.has(field));
    const sealed = rows.map(({ rowKey, input }) => ({
      rowKey,
      input,
      ...sealFields(byDataKey, input, placeOf(rowKey)),
    }));
    const hashed = rows.flatMap(({ input }) => hashedFields.map((field) => hashInput(field, input[field])));
    const [encrypted, hashes, numbers, cards] = await Promise.all([
      this.key.encrypt(
        sealed.map(({ rowKey, dataKey }) => ({
          text: dataKey,
          associatedData: binding(rowKey, "data-key"),
        })),
      ),
      this.key.hmac(hashed),
      this.transform?.encodeSocialSecurityNumbers(rows.map(({ input }) => input.socialSecurityNumber)),
      this.transform?.maskCardNumbers(rows.map(({ input }) => input.cardNumber)),
    ]);
    return sealed.map(({ input, ciphertexts: fields }, row) => {
      const { ciphertext = "", keyVersion = 1 } = encrypted[row] ?? {};
      if (numbers) fields.socialSecurityNumber = numbers[row] ?? "";
      if (cards) fields.cardNumber = cards[row] ?? "";
      const ofRow = hashes.slice(row * hashedFields.length, (row + 1) * hashedFields.length);
      return {
        dataKey: ciphertext,
        fields,
        hashes: Object.fromEntries(
          hashedFields.map((field, index) => [field, input[field] === "" ? "" : (ofRow[index] ?? "")]),
        ) as Record<HashedField, string>,
        // Somebody may rotate the key between the two requests. Then the row still needs a rewrap.
        keyVersion: Math.min(keyVersion, ...ofRow.map(versionOfHash)),
      };
    });
  }

  /** @throws {Tampered} for a ciphertext that is not of its row and field */
  async open(rows: readonly StoredCustomer[], onAnswer?: OnAnswer): Promise<CustomerInput[]> {
    const encrypted = rows.flatMap(encryptedByVault);
    const encoded = rows.filter((row) => !isSealed(row.fields.socialSecurityNumber));
    if (encoded.length > 0 && !this.transform) {
      throw new Unavailable(
        "Some rows were written with Vault Enterprise's transform engine, which this Vault does not have.",
        60,
      );
    }
    const [texts, numbers] = await Promise.all([
      this.key.decrypt(
        encrypted.map(({ row, ciphertext, of }) => ({
          ciphertext,
          associatedData: binding(row.rowKey, of),
        })),
        onAnswer,
      ),
      this.transform?.decodeSocialSecurityNumbers(encoded.map(({ fields }) => fields.socialSecurityNumber)),
    ]);
    const inputs = new Map(rows.map((row) => [row, { ...row.fields }]));
    for (const [index, { row, of }] of encrypted.entries()) {
      const text = texts[index];
      if (typeof text !== "string") throw undecryptable(row, of, text);
      const input = inputs.get(row) as CustomerInput;
      if (of === "data-key") openRow(row, text, input);
      else input[of] = text;
    }
    for (const [index, row] of encoded.entries()) {
      (inputs.get(row) as CustomerInput).socialSecurityNumber = numbers?.[index] ?? "";
    }
    return [...inputs.values()];
  }

  /** Returns the keyed hashes that find an entered number: one for each version of the key that rows use. */
  async hashes(
    candidates: readonly { field: HashedField; value: string }[],
    keyVersions: readonly number[],
  ): Promise<{ field: HashedField; values: string[] }[]> {
    const inputs = candidates.map(({ field, value }) => hashInput(field, value));
    // A masked card number cannot be hashed again, so its hash may be older than its row.
    const versions = this.transform
      ? Array.from({ length: Math.max(...keyVersions) }, (_, index) => index + 1)
      : keyVersions;
    const byVersion = await Promise.all(versions.map((version) => this.key.hmac(inputs, version)));
    return candidates.map(({ field }, index) => ({
      field,
      values: byVersion.map((hashes) => hashes[index] ?? ""),
    }));
  }

  /** Encrypts a removed customer for the archive. This application cannot decrypt with the archive's key. */
  async sealForArchive(row: StoredCustomer): Promise<string | undefined> {
    if (!this.archiveKey) return undefined;
    const [input] = await this.open([row]);
    const { id, createdAt, updatedAt } = row;
    const [sealed] = await this.archiveKey.encrypt([
      {
        text: JSON.stringify({ id, createdAt, updatedAt, ...input }),
        associatedData: `customer_archive/${row.rowKey}`,
      },
    ]);
    return sealed?.ciphertext;
  }
}

/** The parts of a row that Vault encrypts: its data key, or each field if the row has no data key. */
type VaultEncrypted = CustomerField | "data-key";

/** Names a row to its ciphertexts. Never change it: nobody could decrypt stored rows. */
const placeOf = (rowKey: string): string => `customers/${rowKey}`;

const binding = (rowKey: string, of: VaultEncrypted): string => `${placeOf(rowKey)}/${of}`;

const isOfTransit = (stored: string): boolean => stored.startsWith("vault:v");

/** Returns true for a ciphertext, and false for a text of the transform engine. */
export const isSealed = (stored: string): boolean => isOfDataKey(stored) || isOfTransit(stored);

function encryptedByVault(
  row: StoredCustomer,
): { row: StoredCustomer; ciphertext: string; of: VaultEncrypted }[] {
  if (row.dataKey !== "") return [{ row, ciphertext: row.dataKey, of: "data-key" }];
  return customerFields
    .filter((field) => isOfTransit(row.fields[field]))
    .map((field) => ({ row, ciphertext: row.fields[field], of: field }));
}

/**
 * Puts the texts of a row with a data key into `input`.
 * @throws {Tampered} also for a field that Vault encrypted by itself, because such a row has no data key
 */
function openRow(row: StoredCustomer, dataKey: string, input: CustomerInput): void {
  const sealed = customerFields.filter((field) => isSealed(row.fields[field]) || !transformed.has(field));
  const foreign = sealed.find((field) => !isOfDataKey(row.fields[field]));
  if (foreign) throw new Tampered(row.id, foreign);
  const texts = openFields(dataKey, sealed, row.fields, placeOf(row.rowKey));
  if (!texts) throw new Tampered(row.id, "row");
  for (const [index, field] of sealed.entries()) input[field] = texts[index] ?? "";
}

/** Puts the field's name first, so that equal numbers of two fields have different hashes. */
const hashInput = (field: HashedField, value: string): string => `${field}:${normalized(field, value)}`;

/** Removes differences in writing: 4000 0000 0000 0002 is 4000000000000002, and Ada@Example.com is ada@example.com. */
function normalized(field: HashedField, value: string): string {
  return field === "email" ? value.trim().toLowerCase() : value.replace(/\D/g, "");
}

const versionOfHash = (hash: string): number => Number(/^vault:v(\d+):/.exec(hash)?.[1] ?? 1);

function undecryptable(row: StoredCustomer, of: VaultEncrypted, problem: Undecryptable | undefined): Error {
  const said = problem?.message ?? "";
  // Vault says this for a version below min_decryption_version, and something else for a wrong tag or an invalid ciphertext.
  if (/too old|disallowed by policy/i.test(said)) {
    return new Unavailable(`Vault's key no longer decrypts the version of customer ${row.id}.`, 60);
  }
  return new Tampered(row.id, of);
}
