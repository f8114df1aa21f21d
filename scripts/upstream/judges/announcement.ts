import { act, type Fact, good, unknown } from "../fact";
import { untilEnd } from "./end-of-life";

interface Announcement {
  readonly page: string;
  /** Words of the page that announce it, so that the check notices a change of the page. */
  readonly words: string;
  /** The day it takes effect, as 2027-02-27. */
  readonly date: string;
  /** True if the project's value already conforms. */
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
        return unknown(`${page} no longer says "${words}". Read it and correct the row.`);
      }
      return ready ? good(`It is ready for ${date}.`) : untilEnd(date, today, cure);
    },
  };
}

/** Checks that the page that documents an API lists the version the project uses. */
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
          `${page} does not say "${words}", which identifies the page. Read it and correct the row.`,
        );
      }
      return text.includes(fact.value.toLowerCase())
        ? good(`The page lists ${fact.value}.`)
        : act(`The page no longer lists ${fact.value}. ${cure}`);
    },
  };
}
