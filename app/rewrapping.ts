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
  /** Whole numbers. Undefined until the first rows are done. */
  rowsPerSecond?: number;
  secondsLeft?: number;
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
    const total = await this.rows.countBehind(keyVersion);
    const started = performance.now();
    let progress: RewrappingProgress = { keyVersion, done: 0, total };
    onProgress(progress);
    const older = (await this.rows.keyVersions()).filter((version) => version < keyVersion);
    for (const part of [...older, "without a data key"] as const) {
      for (let last = 0; ; ) {
        const rows = await this.rows.next(part, last, batchSize);
        const lastRow = rows.at(-1);
        if (!lastRow) break;
        last = lastRow.id;
        await this.rewrap(rows);
        progress = withSpeed({ keyVersion, total, done: progress.done + rows.length }, started);
        onProgress(progress);
      }
    }
    return progress;
  }

  private async rewrap(rows: readonly StoredCustomer[]): Promise<void> {
    const inputs = await this.cipher.open(rows);
    const sealed = await this.cipher.seal(
      rows.map(({ rowKey }, index) => ({ rowKey, input: inputs[index] as (typeof inputs)[number] })),
    );
    // If somebody edited a row meanwhile, it already has the newest version of the key.
    await this.rows.rewrap(
      rows.map((row, index) => [row, keepMaskedCard(row, sealed[index] as SealedFields)] as const),
    );
  }
}

/** @param started milliseconds */
function withSpeed(progress: RewrappingProgress, started: number): RewrappingProgress {
  const rowsPerSecond = (progress.done / Math.max(1, performance.now() - started)) * 1000;
  const left = Math.max(0, progress.total - progress.done);
  return {
    ...progress,
    rowsPerSecond: Math.round(rowsPerSecond),
    secondsLeft: Math.ceil(left / rowsPerSecond),
  };
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
