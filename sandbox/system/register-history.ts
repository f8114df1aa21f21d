/** One operation on a register. A single writer sets it to 1, 2, 3 and so on. All times are milliseconds of one clock. */
export interface RegisterOperation {
  readonly register: string;
  readonly kind: "write" | "read";
  /** The written or read value. 0 is the value of an empty register. */
  readonly value: number;
  readonly began: number;
  /** Undefined while the result is unknown. */
  readonly ended?: number;
}

/**
 * Returns a sentence for each violation of linearizability in a history. These rules are exact if a single writer counts up, and stops at its
 * first write with an unknown result. A read must not return a value older than the last write that was acknowledged before the read began. It
 * must not return a value older than any read that ended before it began. It must not return a value whose write began after the read ended.
 *
 * Source: Herlihy and Wing, "Linearizability: a correctness condition for concurrent objects", 1990, for registers.
 */
export function violations(history: readonly RegisterOperation[]): string[] {
  const registers = new Set(history.map(({ register }) => register));
  return [...registers].flatMap((register) => violationsOf(history.filter((it) => it.register === register)));
}

function violationsOf(history: readonly RegisterOperation[]): string[] {
  const writes = history.filter(({ kind }) => kind === "write");
  const reads = history.filter(({ kind, ended }) => kind === "read" && ended !== undefined);
  return reads.flatMap((read) => {
    const { register, value, began, ended = began } = read;
    const before = (other: RegisterOperation) => other.ended !== undefined && other.ended < began;
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

const largest = (operations: readonly RegisterOperation[]): number =>
  Math.max(0, ...operations.map(({ value }) => value));
