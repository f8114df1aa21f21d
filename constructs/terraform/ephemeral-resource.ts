import { TerraformElement } from "cdktf";
import type { Construct } from "constructs";

export interface EphemeralResourceProps {
  /** Terraform's name of the type, such as `random_password`. */
  type: string;
  /** Arguments, in Terraform's own spelling. */
  arguments: Record<string, unknown>;
}

/**
 * An `ephemeral` block, for which cdktf has no class: its values exist during a run and are kept neither in the
 * state nor in a plan. Needs Terraform 1.11 for use with write-only arguments.
 */
export class EphemeralResource extends TerraformElement {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: EphemeralResourceProps,
  ) {
    super(scope, id);
  }

  /** A reference to an attribute, in Terraform's spelling. Terraform refuses it outside write-only arguments. */
  attribute(name: string): string {
    return `\${ephemeral.${this.props.type}.${this.friendlyUniqueId}.${name}}`;
  }

  override toTerraform(): object {
    return { ephemeral: { [this.props.type]: { [this.friendlyUniqueId]: this.props.arguments } } };
  }
}
