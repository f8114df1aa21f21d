import { readFileSync } from "node:fs";
import { planSummary } from "./markdown";
import type { Plan } from "./plan";

/** `terraform show -json PLAN | scripts/summarise-plan STACK`: Markdown on stdout. */
export function main(): void {
  const [stack, ...rest] = process.argv.slice(2);
  if (stack === undefined || rest.length > 0) {
    refuse("Usage: terraform show -json PLAN | scripts/summarise-plan STACK");
  } else {
    summarise(stack, readFileSync(0, "utf8"));
  }
}

function summarise(stack: string, text: string): void {
  const plan = parse(text);
  if (plan) process.stdout.write(planSummary(stack, plan));
  else refuse("What came in is no plan; pipe in what `terraform show -json PLAN` prints.");
}

/** Undefined where the text is no plan: a state has no format version 1 with changes. */
function parse(text: string): Plan | undefined {
  try {
    const plan = JSON.parse(text);
    return plan?.format_version?.startsWith("1.") && ("resource_changes" in plan || "planned_values" in plan)
      ? plan
      : undefined;
  } catch {
    return undefined;
  }
}

/** Never with a part of the input, which may hold secrets. */
function refuse(sentence: string): void {
  console.error(sentence);
  process.exitCode = 1;
}
