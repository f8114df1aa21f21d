import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";

/** Markup. All text between its tags is escaped. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

export { html };
