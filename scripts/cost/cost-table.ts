import { markdownTable } from "../markdown-table";
import { type CostLine, total } from "./cost-lines";

/** Returns the lines as a table in Markdown, for docs/cost.md. */
export function costTable(lines: readonly CostLine[]): string {
  const header = ["What", "How many", "Price", "A month", "Region, date and source of the price"];
  const rows = lines.map(({ item, count, price, monthly }) => [
    `\`${item}\``,
    count === undefined ? "by use" : String(count),
    price ? `$${price.dollars} per ${price.per}` : "not known",
    monthly === undefined ? (price ? "by use" : "not known") : `$${monthly.toFixed(2)}`,
    price ? `${price.region}, ${price.date}: ${price.source}` : "no public price was found",
  ]);
  return `${markdownTable(header, rows)}\n\n${sum(lines)}`;
}

function sum(lines: readonly CostLine[]): string {
  const unknown = lines.filter(({ price }) => !price).length;
  const byUse = lines.filter(({ price, count }) => price && count === undefined).length;
  return `Sum of the lines with a figure: **$${total(lines).toFixed(2)}** a month. Lines that depend on use: ${byUse}. Lines without a known price: ${unknown}.`;
}
