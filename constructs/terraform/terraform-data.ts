import { TerraformResource, type TerraformResourceConfig } from "cdktf";
import type { Construct } from "constructs";

export interface TerraformDataProps extends Pick<TerraformResourceConfig, "provisioners" | "dependsOn"> {
  /** The resource is made anew, and its provisioners run again, when one of these changes. */
  triggersReplace: Record<string, string>;
}

/**
 * Terraform's built-in `terraform_data`. cdktf's own class asks `terraform version` at synth, so that it fails
 * without Terraform; this project states the version it needs in the JSON (constructs/terraform/provider-requirements.ts).
 */
export class TerraformData extends TerraformResource {
  private readonly triggersReplace: Record<string, string>;

  constructor(scope: Construct, id: string, { triggersReplace, ...config }: TerraformDataProps) {
    super(scope, id, { terraformResourceType: "terraform_data", ...config });
    this.triggersReplace = triggersReplace;
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return { triggers_replace: this.triggersReplace };
  }
}
