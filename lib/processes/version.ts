/** Compares two versions like 1.21.4 by their numbers: negative, 0 or positive. Ignores everything after - or +. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Returns 2.2.2 for 2.2.2+ent, because programs report more than their number. */
export const numberOf = (version: string): string => version.replace(/[-+].*/, "");

const numbersOf = (version: string): number[] => numberOf(version).split(".").map(Number);
