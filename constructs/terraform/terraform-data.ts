import { TerraformResource, type TerraformResourceConfig } from "cdktf";
import type { Construct } from "constructs";

export interface TerraformDataProps extends Pick<TerraformResourceConfig, "provisioners" | "dependsOn"> {
  /** A change of any value replaces the resource and runs its provisioners again. */
  triggersReplace: Record<string, string>;
}

/**
 * Terraform's built-in `terraform_data`. cdktf's own class runs `terraform version` at synth, so it fails without
 * Terraform. This project writes the required version into the JSON (constructs/terraform/provider-requirements.ts).
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
