const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Converts a duration of the environment files to seconds: a whole number and `s`, `m`, `h` or `d`. */
export function seconds(duration: string): number {
  return Number(duration.slice(0, -1)) * (unitSeconds[duration.slice(-1)] ?? Number.NaN);
}
