import type { TerraformResource } from "cdktf";

/**
 * Marks checkov's checks that do not apply to a resource, with a reason for each check id, such as `CKV_AZURE_40`.
 * Terraform ignores `//`, and checkov does not read notes in Terraform's JSON. `scripts/scan` reads them, and fails
 * on a note that explains no finding.
 */
export function skipChecks(resource: TerraformResource, reasons: Readonly<Record<string, string>>): void {
  resource.addOverride("//.checkov", reasons);
}
