/** A check of checkov that a resource failed. */
export interface CheckovFinding {
  /** `CKV_AZURE_40` */
  check: string;
  /** The check's demand, in checkov's words. */
  name: string;
  stack: string;
  /** Id of the resource in the stack's Terraform. cdktf makes it unique in the stack. */
  resource: string;
}

/** A finding with the construct that it concerns, such as `vault-server/unseal-key/key`. */
export interface Located extends CheckovFinding {
  path: string;
}

/** The result of an environment's scan. */
export interface Judgement {
  environment: string;
  /** Neither corrected nor skipped with a reason. */
  failed: Located[];
  explained: (Located & { reason: string })[];
  /** Skips that no longer match a finding. */
  stale: { check: string; stack: string; path: string; reason: string }[];
}

interface Resource {
  "//"?: { metadata?: { path?: string }; checkov?: Record<string, string> };
}

/** Terraform JSON by stack. */
export type Scanned = ReadonlyMap<string, { resource?: Record<string, Record<string, Resource>> }>;

/** Compares checkov's findings with the skips beside the resources (constructs/terraform/checkov-skips.ts). */
export function judge(stacks: Scanned, findings: readonly CheckovFinding[]): Omit<Judgement, "environment"> {
  const resources = [...stacks].flatMap(([stack, { resource = {} }]) =>
    Object.values(resource).flatMap((ofType) =>
      Object.entries(ofType).map(([id, { "//": notes }]) => ({
        stack,
        id,
        path: notes?.metadata?.path ?? `${stack}/${id}`,
        skips: notes?.checkov ?? {},
      })),
    ),
  );
  const located = findings.map((finding) => {
    const resource = resources.find(({ stack, id }) => stack === finding.stack && id === finding.resource);
    const reason = resource?.skips[finding.check];
    return { ...finding, path: resource?.path ?? `${finding.stack}/${finding.resource}`, reason };
  });
  const stale = resources.flatMap(({ stack, id, path, skips }) =>
    Object.entries(skips)
      .filter(([check]) => !findings.some((f) => f.stack === stack && f.resource === id && f.check === check))
      .map(([check, reason]) => ({ check, stack, path, reason })),
  );
  return {
    failed: located.filter(({ reason }) => !reason).map(({ reason, ...finding }) => finding),
    explained: located.filter((finding): finding is Located & { reason: string } => Boolean(finding.reason)),
    stale,
  };
}
