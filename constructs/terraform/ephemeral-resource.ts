import { TerraformElement } from "cdktf";
import type { Construct } from "constructs";

export interface EphemeralResourceProps {
  /** Terraform's name of the type, such as `random_password`. */
  type: string;
  /** Arguments in Terraform's own spelling. */
  arguments: Record<string, unknown>;
}

/**
 * An `ephemeral` block. cdktf has no class for it. Its values exist during a run, and neither the state nor a plan
 * contains them. Write-only arguments need Terraform 1.11.
 */
export class EphemeralResource extends TerraformElement {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: EphemeralResourceProps,
  ) {
    super(scope, id);
  }

  /** Returns a reference to an attribute in Terraform's spelling. Terraform accepts it only in write-only arguments. */
  attribute(name: string): string {
    return `\${ephemeral.${this.props.type}.${this.friendlyUniqueId}.${name}}`;
  }

  override toTerraform(): object {
    return { ephemeral: { [this.props.type]: { [this.friendlyUniqueId]: this.props.arguments } } };
  }
}
