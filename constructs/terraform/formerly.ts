import { TerraformElement, type TerraformResource, TerraformStack } from "cdktf";
import { makeUniqueId } from "cdktf/lib/private/unique";

/** A `moved` block. cdktf's own way to write one asks `terraform version` at synth, so that it fails without Terraform. */
class Moved extends TerraformElement {
  constructor(
    private readonly resource: TerraformResource,
    private readonly from: string,
  ) {
    super(resource, "formerly");
  }

  override toTerraform(): object {
    const { terraformResourceType: type, friendlyUniqueId } = this.resource;
    return { moved: [{ from: `${type}.${this.from}`, to: `${type}.${friendlyUniqueId}` }] };
  }
}

/**
 * Tells Terraform that a resource had another construct id among its siblings, so that what exists is kept under the new
 * address. Without it, Azure gets the deletion and the creation of the same thing in one run, in any order.
 */
export function formerly(resource: TerraformResource, id: string): void {
  const path = resource.node.scopes
    .filter((scope) => !TerraformStack.isStack(scope))
    .map(({ node }) => node.id);
  // The first scope is the app.
  new Moved(resource, makeUniqueId([...path.slice(1, -1), id]));
}
