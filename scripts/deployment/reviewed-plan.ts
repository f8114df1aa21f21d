import { UserError } from "../../lib/processes/user-error";
import { planSummary } from "../plan-summary/markdown";
import { planDigest } from "../plan-summary/plan-digest";
import { actionOf, type Plan } from "../plan-summary/plan-json";

/** A plan as a reviewer sees it. */
export interface ReviewablePlan {
  stack: string;
  /** The plan in Markdown. */
  summary: string;
  digest: string;
}

export function reviewablePlan(stack: string, plan: Plan): ReviewablePlan {
  return { stack, summary: planSummary(stack, plan), digest: planDigest(plan) };
}

/** Reads the digests of reviewed plans, by stack. @throws {UserError} */
export function readDigests(text: string): ReadonlyMap<string, string> {
  try {
    return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
  } catch {
    throw new UserError(`--reviewed takes JSON, a digest by stack, not ${JSON.stringify(text)}. See --help.`);
  }
}

/** @throws {UserError} if nobody reviewed a plan of the stack. */
export function reviewedDigest(stack: string, reviewed: ReadonlyMap<string, string>): string {
  const digest = reviewed.get(stack);
  if (digest !== undefined) return digest;
  throw new UserError(
    `Nobody reviewed a plan of ${stack}, because no plan was possible before. Run the workflow again. It plans ${stack} now.`,
  );
}

/** @throws {UserError} if the plan has another digest. */
export function refuseUnreviewed(stack: string, plan: Plan, digest: string): void {
  if (planDigest(plan) === digest) return;
  throw new UserError(
    `The plan of ${stack} differs from the reviewed plan, because an earlier stack or Azure has changed meanwhile. Nothing of ${stack} was changed. Run the workflow again. It plans the rest.`,
  );
}

/**
 * Checks a part of a reviewed plan. Terraform now knows values that were unknown at the review, so this compares only the actions on
 * each resource.
 * @throws {UserError} if a part has an action that the reviewed plan does not have
 */
export function refuseUnreviewedPart(stack: string, whole: Plan, { resource_changes = [] }: Plan): void {
  const known = new Map(
    (whole.resource_changes ?? []).map(({ address, change }) => [address, actionOf(change)]),
  );
  const more = resource_changes.filter(
    ({ address, mode, change }) =>
      mode === "managed" && actionOf(change) && known.get(address) !== actionOf(change),
  );
  if (more.length === 0) return;
  throw new UserError(
    `The rest of the plan of ${stack} differs from the reviewed plan (${more.map(({ address }) => address).join(", ")}), because Azure has changed meanwhile. Run the workflow again. It plans the rest.`,
  );
}
