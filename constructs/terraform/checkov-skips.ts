import type { TerraformResource } from "cdktf";

/**
 * Says beside a resource which of checkov's checks do not hold for it, and why: check ids such as `CKV_AZURE_40`, and a sentence
 * each. checkov reads no such note in Terraform's JSON, so `scripts/scan` does; one that explains no finding fails there.
 */
export function skipChecks(resource: TerraformResource, reasons: Readonly<Record<string, string>>): void {
  const skips = Object.entries(reasons).map(([id, comment]) => ({ id, comment }));
  // Terraform ignores `//`. The form is the one that checkov reads in CloudFormation's metadata.
  if (skips.length > 0) resource.addOverride("//.checkov.skip", skips);
}
