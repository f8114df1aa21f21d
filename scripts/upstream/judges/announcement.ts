import { act, type Fact, good, unknown } from "../fact";
import { untilEnd } from "./end-of-life";

interface Announcement {
  readonly page: string;
  /** Words of the page that say it, so that a change of the page is seen. */
  readonly words: string;
  /** When it takes effect, as 2027-02-27. */
  readonly date: string;
  /** Whether the value is ready for it. */
  readonly ready: boolean;
  readonly cure: string;
}

/** A retirement that a page announces for a day. */
export function announcedRetirement(
  fact: Pick<Fact, "name" | "value" | "usedIn" | "covers">,
  { page, words, date, ready, cure }: Announcement,
): Fact {
  return {
    ...fact,
    source: page,
    judge: async (upstream, today) => {
      if (!(await upstream.page(page)).includes(words.toLowerCase())) {
        return unknown(`${page} no longer says "${words}". Read it, and correct the row.`);
      }
      return ready ? good(`It is ready for ${date}.`) : untilEnd(date, today, cure);
    },
  };
}

/** A version of an API that the project speaks, found in the list of the page that documents it. */
export function documentedVersion(
  fact: Pick<Fact, "name" | "value" | "usedIn" | "covers">,
  { page, words, cure }: { page: string; words: string; cure: string },
): Fact {
  return {
    ...fact,
    source: page,
    judge: async (upstream) => {
      const text = await upstream.page(page);
      if (!text.includes(words.toLowerCase())) {
        return unknown(
          `${page} does not say "${words}", by which the page is known. Read it, and correct the row.`,
        );
      }
      return text.includes(fact.value.toLowerCase())
        ? good(`The page lists ${fact.value}.`)
        : act(`The page does not list ${fact.value} any more. ${cure}`);
    },
  };
}
