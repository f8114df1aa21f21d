import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";

/** Markup: whatever stood between its tags was escaped. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

export { html };
