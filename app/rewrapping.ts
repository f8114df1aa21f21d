import type { CustomerRows, SealedFields } from "./customers/customer-rows";
import type { StoredCustomer } from "./customers/customer-store";
import { type CustomerCipher, isSealed } from "./encryption/customer-cipher";
import type { TransitKey } from "./encryption/transit";

/** Rows that are decrypted and encrypted in one request. */
const batchSize = 100;

export interface Progress {
  /** The version that rows are encrypted with afterwards. */
  keyVersion: number;
  done: number;
  /** Rows behind when it began. */
  total: number;
}

/**
 * Encrypts and hashes with the newest version of the key what older ones did, and gives rows a data key that have none. Not by transit/rewrap, which takes no associated
 * data: read in Vault 1.21, builtin/logical/transit/path_rewrap.go. May be interrupted, and run while the application works.
 */
export class Rewrap {
  constructor(
    private readonly rows: CustomerRows,
    private readonly cipher: CustomerCipher,
    private readonly key: TransitKey,
  ) {}

  async run(onProgress: (progress: Progress) => void): Promise<Progress> {
    const keyVersion = await this.key.latestVersion();
    let progress: Progress = { keyVersion, done: 0, total: await this.rows.countBehind(keyVersion) };
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
        // Of a row that was edited meanwhile, the edit has used the newest version already.
        if (newer) await this.rows.rewrap(row, keepMaskedCard(row, newer));
      }
      progress = { ...progress, done: progress.done + rows.length };
      onProgress(progress);
    }
  }
}

/** Vault Enterprise masks card numbers one way: neither mask nor hash can be made anew. */
function keepMaskedCard(row: StoredCustomer, newer: SealedFields): SealedFields {
  if (isSealed(row.fields.cardNumber)) return newer;
  return {
    ...newer,
    fields: { ...newer.fields, cardNumber: row.fields.cardNumber },
    hashes: { ...newer.hashes, cardNumber: row.hashes.cardNumber },
  };
}
