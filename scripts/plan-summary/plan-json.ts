/** The output of `terraform show -json <plan file>`, as far as this code reads it. Source: Terraform, JSON output format. */
export interface Plan {
  format_version: string;
  errored?: boolean;
  resource_changes?: ResourceChange[];
  output_changes?: Record<string, Change>;
}

export interface ResourceChange {
  address: string;
  previous_address?: string;
  mode: "managed" | "data";
  action_reason?: string;
  change: Change;
}

export interface Change {
  actions: string[];
  before: unknown;
  after: unknown;
  after_unknown?: unknown;
  before_sensitive?: unknown;
  after_sensitive?: unknown;
  replace_paths?: (string | number)[][];
}

/** A resource's change, in a reviewer's words. */
export type Action = "added" | "changed" | "replaced" | "destroyed" | "forgotten";

/** Undefined if nothing happens. Source: Terraform, JSON output format, change representation. */
export function actionOf({ actions }: Change): Action | undefined {
  const said = actions.join(" ");
  if (said.includes("create") && said.includes("delete")) return "replaced";
  if (said === "create") return "added";
  if (said === "update") return "changed";
  if (said === "delete") return "destroyed";
  if (said.includes("forget")) return "forgotten";
  return undefined;
}

/** An attribute that changes. */
export interface AttributeChange {
  name: string;
  before: string;
  after: string;
  /** True if this change forces the replacement of the resource. */
  replaces: boolean;
}

/** Parses the output of `terraform show -json`. Undefined if it is not a plan but, for example, a state. */
export function readPlan(text: string): Plan | undefined {
  try {
    const plan: Plan | undefined = JSON.parse(text);
    const isPlan =
      plan?.format_version?.startsWith("1.") && ("resource_changes" in plan || "planned_values" in plan);
    return isPlan ? plan : undefined;
  } catch {
    return undefined;
  }
}

/** Merges the plans of a stack's parts: a resource that changes in any of them changes. */
export function mergedPlan(plans: readonly Plan[]): Plan {
  const changes = new Map<string, ResourceChange>();
  for (const change of plans.flatMap(({ resource_changes = [] }) => resource_changes)) {
    const known = changes.get(change.address);
    if (!known || actionOf(known.change) === undefined) changes.set(change.address, change);
  }
  return {
    format_version: plans[0]?.format_version ?? "",
    errored: plans.some(({ errored }) => errored),
    resource_changes: [...changes.values()],
    output_changes: Object.assign({}, ...[...plans].reverse().map(({ output_changes }) => output_changes)),
  };
}

const longest = 80;

/** The attributes that differ. This hides a value completely if any part of it is sensitive. */
export function attributeChanges(change: Change): AttributeChange[] {
  const before = asObject(change.before);
  const after = asObject(change.after);
  const unknown = asObject(change.after_unknown);
  const names = [...new Set([...Object.keys(before), ...Object.keys(after), ...Object.keys(unknown)])].sort();
  return names
    .filter((name) => isTrueInside(unknown[name]) || !same(before[name], after[name]))
    .map((name) => {
      const hidden = isSensitive(change.before_sensitive, name) || isSensitive(change.after_sensitive, name);
      return {
        name,
        before: hidden ? "(sensitive)" : shown(before[name]),
        after: hidden
          ? "(sensitive)"
          : isTrueInside(unknown[name])
            ? "(known after apply)"
            : shown(after[name]),
        replaces: change.replace_paths?.some(([first]) => first === name) ?? false,
      };
    });
}

/** Terraform marks a whole value with `true`, and parts of it with objects and lists of marks. */
function isSensitive(marks: unknown, name: string): boolean {
  return marks === true || isTrueInside(asObject(marks)[name]);
}

function isTrueInside(marks: unknown): boolean {
  if (marks === true) return true;
  return typeof marks === "object" && marks !== null && Object.values(marks).some(isTrueInside);
}

function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left ?? null) === JSON.stringify(right ?? null);
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return "(none)";
  const text = JSON.stringify(value);
  return text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text;
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
