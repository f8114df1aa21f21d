import { UserError } from "../../lib/processes/user-error";
import { planSummary } from "../plan-summary/markdown";
import { actionOf, type Plan } from "../plan-summary/plan";
import { planDigest } from "../plan-summary/plan-digest";

/** A plan as it is put before a reviewer. */
export interface ReviewablePlan {
  stack: string;
  /** Markdown. */
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
    throw new UserError(`--reviewed takes JSON, a digest by stack, not ${JSON.stringify(text)}; see --help.`);
  }
}

/** @throws {UserError} when nobody reviewed a plan of the stack. */
export function reviewedDigest(stack: string, reviewed: ReadonlyMap<string, string>): string {
  const digest = reviewed.get(stack);
  if (digest !== undefined) return digest;
  throw new UserError(
    `Nobody reviewed a plan of ${stack}, since it could not be planned before; run the workflow again, which plans it now.`,
  );
}

/** @throws {UserError} when the plan is not the one with the digest. */
export function refuseUnreviewed(stack: string, plan: Plan, digest: string): void {
  if (planDigest(plan) === digest) return;
  throw new UserError(
    `The plan of ${stack} is not the one that was reviewed, since a stack before it, or Azure, has changed meanwhile; nothing of ${stack} was changed. Run the workflow again, which plans the rest.`,
  );
}

/**
 * For the parts in which a reviewed plan is applied: by then Terraform knows values that it did not know before, so only what happens to
 * which resource is compared.
 * @throws {UserError} when a part does something that the reviewed plan does not
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
    `The rest of the plan of ${stack} is not what was reviewed any more (${more.map(({ address }) => address).join(", ")}), since Azure has changed meanwhile. Run the workflow again, which plans the rest.`,
  );
}
