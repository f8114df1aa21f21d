import { TerraformElement, type TerraformResource, TerraformStack } from "cdktf";
import { makeUniqueId } from "cdktf/lib/private/unique";

/** A `moved` block. cdktf's own way to write one asks `terraform version` at synth, so that it fails without Terraform. */
class Moved extends TerraformElement {
  constructor(
    private readonly resource: TerraformResource,
    private readonly names: readonly string[],
  ) {
    super(resource, "formerly");
  }

  /** One after the other, since nothing may come from two places at once. */
  override toTerraform(): object {
    const { terraformResourceType: type, friendlyUniqueId } = this.resource;
    const [, ...later] = [...this.names, friendlyUniqueId];
    return {
      moved: this.names.map((from, index) => ({ from: `${type}.${from}`, to: `${type}.${later[index]}` })),
    };
  }
}

/**
 * Tells Terraform that a resource had other construct ids among its siblings, the oldest first, so that what exists is kept under the new
 * address. Without it, Azure gets the deletion and the creation of the same thing in one run, in any order.
 */
export function formerly(resource: TerraformResource, ...ids: readonly string[]): void {
  const path = resource.node.scopes
    .filter((scope) => !TerraformStack.isStack(scope))
    .map(({ node }) => node.id);
  // The first scope is the app.
  new Moved(
    resource,
    ids.map((id) => makeUniqueId([...path.slice(1, -1), id])),
  );
}
