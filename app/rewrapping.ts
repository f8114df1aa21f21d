import type { CustomerRows, SealedFields } from "./customers/customer-rows";
import type { StoredCustomer } from "./customers/customer-store";
import { type CustomerCipher, isSealed } from "./encryption/customer-cipher";
import type { TransitKey } from "./encryption/transit";

/** Number of rows in one request. */
const batchSize = 100;

export interface RewrappingProgress {
  /** The version of the key that rows have afterwards. */
  keyVersion: number;
  done: number;
  /** Number of outdated rows at the start. */
  total: number;
}

/**
 * Encrypts and hashes outdated rows with the newest version of the key, and gives a data key to rows without one. It cannot use
 * transit/rewrap, which takes no associated data (Vault 1.21, builtin/logical/transit/path_rewrap.go). It can be interrupted, and
 * runs while the application works.
 */
export class Rewrap {
  constructor(
    private readonly rows: CustomerRows,
    private readonly cipher: CustomerCipher,
    private readonly key: TransitKey,
  ) {}

  async run(onProgress: (progress: RewrappingProgress) => void): Promise<RewrappingProgress> {
    const keyVersion = await this.key.latestVersion();
    let progress: RewrappingProgress = { keyVersion, done: 0, total: await this.rows.countBehind(keyVersion) };
    onProgress(progress);
    let last = 0;
    for (;;) {
      const rows = await this.rows.behind(keyVersion, last, batchSize);
      const lastRow = rows.at(-1);
      if (!lastRow) return progress;
      last = lastRow.id;
      const inputs = await this.cipher.open(rows);
      const sealed = await this.cipher.seal(
        rows.map(({ rowKey }, index) => ({ rowKey, input: inputs[index] as (typeof inputs)[number] })),
      );
      for (const [index, row] of rows.entries()) {
        const newer = sealed[index];
        // If somebody edited the row meanwhile, it already has the newest version of the key.
        if (newer) await this.rows.rewrap(row, keepMaskedCard(row, newer));
      }
      progress = { ...progress, done: progress.done + rows.length };
      onProgress(progress);
    }
  }
}

/** Vault Enterprise masks card numbers one way, so nobody can compute the mask or the hash again. */
function keepMaskedCard(row: StoredCustomer, newer: SealedFields): SealedFields {
  if (isSealed(row.fields.cardNumber)) return newer;
  return {
    ...newer,
    fields: { ...newer.fields, cardNumber: row.fields.cardNumber },
    hashes: { ...newer.hashes, cardNumber: row.hashes.cardNumber },
  };
}
