/** One operation on a register, which a single writer sets to 1, 2, 3 and so on. Times in milliseconds, of one clock. */
export interface Operation {
  readonly register: string;
  readonly kind: "write" | "read";
  /** Written, or read: 0 for a register that holds nothing yet. */
  readonly value: number;
  readonly began: number;
  /** Undefined while nobody knows whether it took effect. */
  readonly ended?: number;
}

/**
 * What in a history is not linearizable, one sentence each. With a single writer that counts up and ends at its first write of unknown
 * outcome, these rules are exact: a read gives nothing older than the last write that had been acknowledged when it began, nothing older than
 * a read that had ended when it began, and nothing that was not yet being written when it ended.
 *
 * Source: Herlihy and Wing, "Linearizability: a correctness condition for concurrent objects", 1990, for registers.
 */
export function violations(history: readonly Operation[]): string[] {
  const registers = new Set(history.map(({ register }) => register));
  return [...registers].flatMap((register) => violationsOf(history.filter((it) => it.register === register)));
}

function violationsOf(history: readonly Operation[]): string[] {
  const writes = history.filter(({ kind }) => kind === "write");
  const reads = history.filter(({ kind, ended }) => kind === "read" && ended !== undefined);
  return reads.flatMap((read) => {
    const { register, value, began, ended = began } = read;
    const before = (other: Operation) => other.ended !== undefined && other.ended < began;
    const acknowledged = largest(writes.filter(before));
    const seen = largest(reads.filter(before));
    const begun = largest(writes.filter((write) => write.began <= ended));
    return [
      ...(value < acknowledged ? [`${register}: read ${value} after ${acknowledged} was acknowledged`] : []),
      ...(value < seen ? [`${register}: read ${value} after ${seen} was read`] : []),
      ...(value > begun ? [`${register}: read ${value} before it was written`] : []),
    ];
  });
}

const largest = (operations: readonly Operation[]): number =>
  Math.max(0, ...operations.map(({ value }) => value));
