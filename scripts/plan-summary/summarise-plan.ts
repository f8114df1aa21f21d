import { readFileSync, writeFileSync } from "node:fs";
import { helpIfAsked } from "../help";
import { planSummary } from "./markdown";
import { mergedPlan, type Plan } from "./plan";
import { planDigest } from "./plan-digest";

const usage = "Usage: terraform show -json PLAN | scripts/summarise-plan STACK [DIGEST-FILE]";

/** `terraform show -json PLAN | scripts/summarise-plan STACK [DIGEST-FILE]`: Markdown on stdout, the plan's digest in the file. */
export function main(): void {
  helpIfAsked(usage);
  const [stack, digestFile, ...rest] = process.argv.slice(2);
  if (stack === undefined || rest.length > 0) refuse(usage);
  else summarise(stack, readFileSync(0, "utf8"), digestFile);
}

function summarise(stack: string, text: string, digestFile: string | undefined): void {
  const plan = parse(text);
  if (!plan) {
    refuse("The input is not a plan. Pipe in the output of `terraform show -json PLAN`.");
    return;
  }
  process.stdout.write(planSummary(stack, plan));
  if (digestFile) writeFileSync(digestFile, planDigest(plan));
}

/** Each line is a plan; several lines are parts of one. Undefined if the text is not a plan: a state has no changes. */
function parse(text: string): Plan | undefined {
  try {
    const plans = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const isPlan = (plan: Plan) =>
      plan?.format_version?.startsWith("1.") && ("resource_changes" in plan || "planned_values" in plan);
    return plans.every(isPlan) ? mergedPlan(plans) : undefined;
  } catch {
    return undefined;
  }
}

/** The sentence never quotes the input, which may hold secrets. */
function refuse(sentence: string): void {
  console.error(sentence);
  process.exitCode = 1;
}
