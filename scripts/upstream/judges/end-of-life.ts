import { z } from "zod";
import { act, type Fact, good, type Verdict } from "../fact";

/** A row's result becomes `act` this many days before an end. This is enough for a new default, its tests and all deployments. */
export const noticeDays = 180;

/** Source: endoflife.date, API v1: `eolFrom` is a date, or null if no date is known yet. */
const cycle = z.object({
  result: z.object({ name: z.string(), isEol: z.boolean(), eolFrom: z.iso.date().nullish() }),
});

/** Checks when a line of releases gets its last security fix. `cure` is the sentence that says what to do. */
export function endOfLife(
  fact: Pick<Fact, "name" | "value" | "usedIn" | "covers">,
  { product, line, cure }: { product: string; line: string; cure: string },
): Fact {
  return {
    ...fact,
    source: `https://endoflife.date/${product}`,
    judge: async (upstream, today) => {
      const url = `https://endoflife.date/api/v1/products/${product}/releases/${line}`;
      const { isEol, eolFrom } = (await upstream.json(url, cycle)).result;
      if (eolFrom) return untilEnd(eolFrom, today, cure);
      return isEol ? act(`It no longer gets security fixes. ${cure}`) : good("Its end is not yet announced.");
    },
  };
}

/** Good until the end is near. `end` is a date such as 2027-04-30. */
export function untilEnd(end: string, today: Date, cure: string): Verdict {
  const days = Math.ceil((Date.parse(end) - today.getTime()) / 86_400_000);
  if (days < 0) return act(`It ended on ${end}. ${cure}`);
  return days <= noticeDays ? act(`It ends on ${end}, in ${days} days. ${cure}`) : good(`It ends on ${end}.`);
}

/** The line of a release: 8.4 of 8.4.7. */
export function lineOf(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}
