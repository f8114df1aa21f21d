import { markdownTable } from "../markdown-table";
import type { Result } from "./fact";
import type { Row } from "./watch";

const order: readonly Result[] = ["act", "unknown", "good"];

/** Exit code: 0 all good, 2 something to do, 3 nothing to do but something unknown. 1 means that the run itself failed. */
export function exitCodeOf(rows: readonly Row[]): number {
  if (rows.some(({ result }) => result === "act")) return 2;
  return rows.some(({ result }) => result === "unknown") ? 3 : 0;
}

/** Most urgent first. Rows with the same result keep the table's order. */
function sorted(rows: readonly Row[]): Row[] {
  return order.flatMap((wanted) => rows.filter(({ result }) => result === wanted));
}

function summaryOf(rows: readonly Row[]): string {
  const count = (wanted: Result) => rows.filter(({ result }) => result === wanted).length;
  return `${rows.length} facts: ${count("act")} to act on, ${count("unknown")} unknown, ${count("good")} good.`;
}

const colours: Readonly<Record<Result, string>> = { act: "31", unknown: "33", good: "32" };

/** Returns the report for people: a block of two lines for each row, and the counts. */
export function textReport(rows: readonly Row[], { colour }: { colour: boolean }): string {
  const width = Math.max(...rows.map(({ fact }) => fact.name.length));
  const lines = sorted(rows).flatMap(({ fact, result, sentence }) => {
    const mark = result.padEnd(7);
    const head = `${colour ? `\x1b[${colours[result]}m${mark}\x1b[0m` : mark}  ${fact.name.padEnd(width)}  ${fact.value}`;
    return result === "good"
      ? [`${head}  ${sentence}`]
      : [head, `         ${sentence}`, `         In ${fact.usedIn.join(", ")}. Source: ${fact.source}`];
  });
  return [...lines, "", summaryOf(rows), ""].join("\n");
}

/** Returns the report for an issue: the work to do, the unknown facts, and the number of good ones. */
export function markdownReport(rows: readonly Row[]): string {
  const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
  const open = sorted(rows).filter(({ result }) => result !== "good");
  return [
    summaryOf(rows),
    "",
    markdownTable(
      ["Result", "Fact", "In the project", "Found", "Used in"],
      open.map(({ fact, result, sentence }) => [
        result === "act" ? "**act**" : result,
        `[${cell(fact.name)}](${fact.source.replaceAll(" ", "%20")})`,
        `\`${cell(fact.value)}\``,
        cell(sentence),
        fact.usedIn.map((file) => `\`${file}\``).join(" "),
      ]),
    ),
    "",
    "docs/upstream.md says what to do.",
    "",
  ].join("\n");
}

/** Returns the report for programs. */
export function jsonReport(rows: readonly Row[]): string {
  const facts = sorted(rows).map(({ fact: { name, value, usedIn, source }, result, sentence }) => ({
    name,
    value,
    usedIn,
    source,
    result,
    sentence,
  }));
  return `${JSON.stringify({ facts }, null, 2)}\n`;
}
