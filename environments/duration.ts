import { z } from "zod";

/** A duration of the environment files: a whole number and `s`, `m`, `h` or `d`. */
export const duration = z
  .string()
  .regex(
    /^[1-9]\d{0,6}[smhd]$/,
    "is not a duration; write a whole number and a unit, such as 90s, 3m, 3h or 30d.",
  )
  .meta({ examples: ["3m", "768h"] });

const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Converts a duration of the environment files to seconds. */
export function seconds(duration: string): number {
  return Number(duration.slice(0, -1)) * (unitSeconds[duration.slice(-1)] ?? Number.NaN);
}
