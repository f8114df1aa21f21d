import { excerpt, fieldName, type Problem } from "../problem";
import { listAt, type Read } from "../read";

/** Reports the entries of a list of strings that the list contains already. */
export function entriesDiffer(read: Read, ...path: (string | number)[]): Problem[] {
  const values = listAt(read, ...path).map((value) => (typeof value === "string" ? value : undefined));
  return repeated(values).map((index) => ({
    field: fieldName([...path, index]),
    sentence: `${excerpt(values[index])} is already in this list; remove this entry.`,
  }));
}

/** Returns the indexes of values that appear earlier in the list. Skips undefined values. */
export function repeated(values: readonly (string | undefined)[]): number[] {
  const seen = new Set<string>();
  return [...values.entries()].flatMap(([index, value]) => {
    if (value === undefined) return [];
    if (seen.has(value)) return [index];
    seen.add(value);
    return [];
  });
}
