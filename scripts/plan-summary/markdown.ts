import {
  type Action,
  type AttributeChange,
  actionOf,
  attributeChanges,
  type Change,
  type Plan,
} from "./plan-json";

/** The order in which a reviewer reads them: losses come first. */
const order: readonly Action[] = ["destroyed", "replaced", "forgotten", "changed", "added"];
const lossy: readonly Action[] = ["destroyed", "replaced"];
/** GitHub limits a job's summary to 1 MiB, and seven stacks must fit. */
const longestSummary = 120_000;

/** The summary of one stack's plan. Losses are bold. */
export function planSummary(stack: string, plan: Plan): string {
  const changes = (plan.resource_changes ?? []).flatMap(
    ({ address, previous_address, mode, action_reason, change }) => {
      const action = actionOf(change);
      const moved = previous_address !== undefined && previous_address !== address;
      if (mode !== "managed" || (action === undefined && !moved)) return [];
      return [
        { address, action, reason: action_reason, previous: moved ? previous_address : undefined, change },
      ];
    },
  );
  const outputs = Object.entries(plan.output_changes ?? {}).filter(([, change]) => actionOf(change));
  const lines = [`### ${stack}: ${headline(changes.map(({ action }) => action))}`, ""];
  if (plan.errored) lines.push("**The plan is incomplete: Terraform stopped on an error.**", "");
  for (const action of order) {
    for (const { address, change, reason } of changes.filter((each) => each.action === action)) {
      lines.push(...resourceLines(action, address, change, reason));
    }
  }
  for (const { address, previous } of changes) {
    if (previous) lines.push(`- moved ${code(previous)} to ${code(address)}`);
  }
  if (outputs.length > 0) lines.push(...outputLines(outputs));
  return cut(`${lines.join("\n").trimEnd()}\n`, stack);
}

/** `2 added, 1 changed, **1 destroyed**`, or `no change of a resource`. */
function headline(actions: readonly (Action | undefined)[]): string {
  const parts = [...order].reverse().flatMap((action) => {
    const count = actions.filter((each) => each === action).length;
    return count > 0 ? [emphasized(action, `${count} ${action}`)] : [];
  });
  return parts.length > 0 ? parts.join(", ") : "no change of a resource";
}

function resourceLines(
  action: Action,
  address: string,
  change: Change,
  reason: string | undefined,
): string[] {
  const why = reason ? ` (${reason.replaceAll("_", " ")})` : "";
  const line = `- ${emphasized(action, `${action} ${code(address)}`)}${why}`;
  if (action !== "changed" && action !== "replaced") return [line];
  const attributes = attributeChanges(change);
  // For a replaced resource, this lists only the attributes that force it. Otherwise it would list every computed one.
  const telling = attributes.filter(
    ({ replaces, after }) => replaces || (action === "changed" && after !== ""),
  );
  return [line, ...telling.map(attributeLine)];
}

function attributeLine({ name, before, after, replaces }: AttributeChange): string {
  const what = before === after ? code(after) : `${code(before)} → ${code(after)}`;
  return `  - ${code(name)}: ${what}${replaces ? ", **which replaces it**" : ""}`;
}

function outputLines(outputs: readonly [string, Change][]): string[] {
  const names = outputs.map(([name, change]) => `${code(name)} ${actionOf(change)}`);
  return [
    "",
    `<details><summary>${names.length} outputs</summary>`,
    "",
    ...names.map((name) => `- ${name}`),
    "",
    "</details>",
  ];
}

function emphasized(action: Action, text: string): string {
  return lossy.includes(action) ? `**${text}**` : text;
}

/** Inline code that no text can end. GitHub renders no mark-up in it. */
function code(text: string): string {
  const line = text.replaceAll(/[\r\n]+/g, " ");
  const longestRun = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longestRun + 1);
  return longestRun > 0 ? `${fence} ${line} ${fence}` : `${fence}${line}${fence}`;
}

function cut(summary: string, stack: string): string {
  if (summary.length <= longestSummary) return summary;
  const whole = summary.slice(0, summary.lastIndexOf("\n", longestSummary));
  return `${whole}\n\n**Cut here: the rest of ${stack}'s plan is longer than GitHub's limit for a summary.**\n`;
}
