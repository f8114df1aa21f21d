import { z } from "zod";
import { parse } from "./input";

/** After a change, the server redirects the browser, so that a reload does not repeat the change. The next page has the notice. */
export const notices: ReadonlyMap<string, string> = new Map([
  ["added", "The customer was added."],
  ["saved", "The changes were saved."],
  ["merged", "Your changes were saved, and the changes that somebody else saved meanwhile were kept."],
  ["restored", "The customer was restored."],
]);

const doneQuery = z.object({ done: z.string().optional() });

/** Returns the notice for a page's address, if it names one. */
export function noticeOf(query: unknown): string | undefined {
  return notices.get(parse(doneQuery, query).done ?? "");
}
