import type { TerraformResource } from "cdktf";

/**
 * Says beside a resource which of checkov's checks do not hold for it, and why: a sentence by check id, such as `CKV_AZURE_40`.
 * Terraform ignores `//`, and checkov reads no note in Terraform's JSON; `scripts/scan` does, and fails on one that
 * explains no finding.
 */
export function skipChecks(resource: TerraformResource, reasons: Readonly<Record<string, string>>): void {
  resource.addOverride("//.checkov", reasons);
}
