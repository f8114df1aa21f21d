import { UserError } from "../../lib/processes/user-error";

/** Milliseconds of each unit of time. Source: systemd.time(7). */
const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  sec: 1000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
};

/**
 * Milliseconds of a span such as "5", "45min" or "1h 30min". `infinity` returns Infinity.
 *
 * @throws UserError if the text is not a span
 */
export function parseTimeSpan(text: string): number {
  if (text === "infinity") return Number.POSITIVE_INFINITY;
  const parts = [...text.matchAll(/([\d.]+)\s*([a-z]*)\s*/g)];
  const spans = parts.map(([, number, unit]) => Number(number) * (UNITS[unit || "s"] ?? Number.NaN));
  const sum = spans.reduce((total, span) => total + span, 0);
  if (parts.map(([part]) => part).join("") !== text || parts.length === 0 || Number.isNaN(sum)) {
    throw new UserError(`"${text}" is not a span of time. Write for example 45min.`);
  }
  return sum;
}
