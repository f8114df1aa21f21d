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
import type { Transform } from "./transform";
import type { Bound, OnAnswer, TransitKey, Undecryptable } from "./transit";

/** A customer to seal, and the random key of its row, to which each ciphertext is bound. */
export interface OpenRow {
  rowKey: string;
  input: CustomerInput;
}

/** Fields that the transform engine takes on Vault Enterprise. */
const transformed: ReadonlySet<CustomerField> = new Set(["socialSecurityNumber", "cardNumber"]);

/**
 * Customers' fields to and from what the database holds. However many rows: one transit request to decrypt, two to encrypt
 * (ciphertexts and keyed hashes); on Vault Enterprise one or two more to the transform engine.
 */
export class CustomerCipher {
  constructor(
    private readonly key: TransitKey,
    private readonly archiveKey?: TransitKey,
    private readonly transform?: Transform,
  ) {}

  get archives(): boolean {
    return this.archiveKey !== undefined;
  }

  async seal(rows: readonly OpenRow[]): Promise<SealedFields[]> {
    const byTransit = customerFields.filter((field) => !this.transform || !transformed.has(field));
    const texts: Bound[] = rows.flatMap(({ rowKey, input }) =>
      byTransit.map((field) => ({ text: input[field], associatedData: binding(rowKey, field) })),
    );
    const hashed = rows.flatMap(({ input }) => hashedFields.map((field) => hashInput(field, input[field])));
    const [encrypted, hashes, numbers, cards] = await Promise.all([
      this.key.encrypt(texts),
      this.key.hmac(hashed),
      this.transform?.encodeSocialSecurityNumbers(rows.map(({ input }) => input.socialSecurityNumber)),
      this.transform?.maskCardNumbers(rows.map(({ input }) => input.cardNumber)),
    ]);
    return rows.map(({ input }, row) => {
      const fields = {} as Record<CustomerField, string>;
      for (const [index, field] of byTransit.entries()) {
        fields[field] = encrypted[row * byTransit.length + index]?.ciphertext ?? "";
      }
      if (numbers) fields.socialSecurityNumber = numbers[row] ?? "";
      if (cards) fields.cardNumber = cards[row] ?? "";
      const ofRow = hashes.slice(row * hashedFields.length, (row + 1) * hashedFields.length);
      return {
        fields,
        hashes: Object.fromEntries(
          hashedFields.map((field, index) => [field, input[field] === "" ? "" : (ofRow[index] ?? "")]),
        ) as Record<HashedField, string>,
        // The key may be rotated between the two requests; the older version is the one that is still to be rewrapped.
        keyVersion: Math.min(encrypted[row * byTransit.length]?.keyVersion ?? 1, ...ofRow.map(versionOfHash)),
      };
    });
  }

  /** @throws {Tampered} for a ciphertext that is not of its row and field */
  async open(rows: readonly StoredCustomer[], onAnswer?: OnAnswer): Promise<CustomerInput[]> {
    const places = rows.flatMap((row) =>
      customerFields.filter((field) => isTransit(row.fields[field])).map((field) => ({ row, field })),
    );
    const encoded = rows.filter((row) => !isTransit(row.fields.socialSecurityNumber));
    if (encoded.length > 0 && !this.transform) {
      throw new Unavailable(
        "Some rows were written with Vault Enterprise's transform engine, which is not there.",
        60,
      );
    }
    const [texts, numbers] = await Promise.all([
      this.key.decrypt(
        places.map(({ row, field }) => ({
          ciphertext: row.fields[field],
          associatedData: binding(row.rowKey, field),
        })),
        onAnswer,
      ),
      this.transform?.decodeSocialSecurityNumbers(encoded.map(({ fields }) => fields.socialSecurityNumber)),
    ]);
    const inputs = new Map(rows.map((row) => [row, { ...row.fields }]));
    for (const [index, { row, field }] of places.entries()) {
      const text = texts[index];
      if (typeof text !== "string") throw undecryptable(row, field, text);
      (inputs.get(row) as Record<CustomerField, string>)[field] = text;
    }
    for (const [index, row] of encoded.entries()) {
      (inputs.get(row) as Record<CustomerField, string>).socialSecurityNumber = numbers?.[index] ?? "";
    }
    return [...inputs.values()];
  }

  /** Keyed hashes by which an entered number is found, with each version of the key that rows were hashed with. */
  async hashes(
    candidates: readonly { field: HashedField; value: string }[],
    keyVersions: readonly number[],
  ): Promise<{ field: HashedField; values: string[] }[]> {
    const inputs = candidates.map(({ field, value }) => hashInput(field, value));
    // A masked card number cannot be hashed anew, so its hash may be older than its row.
    const versions = this.transform
      ? Array.from({ length: Math.max(...keyVersions) }, (_, index) => index + 1)
      : keyVersions;
    const byVersion = await Promise.all(versions.map((version) => this.key.hmac(inputs, version)));
    return candidates.map(({ field }, index) => ({
      field,
      values: byVersion.map((hashes) => hashes[index] ?? ""),
    }));
  }

  /** A removed customer for the archive, whose key this application cannot decrypt with. */
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

/** Where a ciphertext belongs. Never changed: what is stored could not be decrypted any more. */
const binding = (rowKey: string, field: CustomerField): string => `customers/${rowKey}/${field}`;

const isTransit = (stored: string): boolean => stored.startsWith("vault:v");

/** The field before it, so that equal numbers of two fields have different hashes. */
const hashInput = (field: HashedField, value: string): string => `${field}:${normalized(field, value)}`;

/** However it was written: 4000 0000 0000 0002 is 4000000000000002, and Ada@Example.com is ada@example.com. */
function normalized(field: HashedField, value: string): string {
  return field === "email" ? value.trim().toLowerCase() : value.replace(/\D/g, "");
}

const versionOfHash = (hash: string): number => Number(/^vault:v(\d+):/.exec(hash)?.[1] ?? 1);

function undecryptable(row: StoredCustomer, field: CustomerField, problem: Undecryptable | undefined): Error {
  const said = problem?.message ?? "";
  // Vault's words for a version below min_decryption_version, against those for a wrong tag or a ciphertext that is none.
  if (/too old|disallowed by policy/i.test(said)) {
    return new Unavailable(
      `Vault's key does not decrypt the version any more that customer ${row.id} has.`,
      60,
    );
  }
  return new Tampered(row.id, field);
}
