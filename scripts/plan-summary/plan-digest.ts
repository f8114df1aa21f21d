import { createHash } from "node:crypto";
import { actionOf, type Change, type Plan } from "./plan-json";

/**
 * SHA-256 of a plan's changes to resources, as a reviewer sees them. It leaves out unchanged resources, data sources and what only
 * a reader of secrets may see. Two plans with the same digest make the same changes to the same resources.
 */
export function planDigest({ resource_changes = [] }: Plan): string {
  const changes = resource_changes
    .filter(
      ({ mode, change, address, previous_address }) =>
        mode === "managed" && (actionOf(change) !== undefined || moved(address, previous_address)),
    )
    .map(({ address, previous_address, change }) => ({
      address,
      previous_address: moved(address, previous_address) ? previous_address : undefined,
      actions: change.actions,
      before: visible(change, "before"),
      after: visible(change, "after"),
      after_unknown: change.after_unknown,
      replace_paths: change.replace_paths,
    }))
    .sort((left, right) => (left.address < right.address ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify(sorted(changes)))
    .digest("hex");
}

function moved(address: string, previous: string | undefined): boolean {
  return previous !== undefined && previous !== address;
}

/** Removes what Terraform marks as sensitive: nobody must be able to guess a secret from a printed digest. */
function visible(change: Change, when: "before" | "after"): unknown {
  return masked(change[when], when === "before" ? change.before_sensitive : change.after_sensitive);
}

function masked(value: unknown, marks: unknown): unknown {
  if (marks === true) return value === null || value === undefined ? null : "(sensitive)";
  if (typeof value !== "object" || value === null || typeof marks !== "object" || marks === null)
    return value;
  const marked = marks as Record<string, unknown>;
  const entries = Object.entries(value).map(([key, inner]) => [key, masked(inner, marked[key])] as const);
  return Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}

/** Sorts the keys, so that the same content gives the same text. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
