import { TerraformElement, type TerraformResource, TerraformStack } from "cdktf";
import { makeUniqueId } from "cdktf/lib/private/unique";

/** A `moved` block. cdktf's own method runs `terraform version` at synth, so it fails without Terraform. */
class Moved extends TerraformElement {
  constructor(
    private readonly resource: TerraformResource,
    private readonly names: readonly string[],
  ) {
    super(resource, "formerly");
  }

  /** Chains the moves, because two resources cannot move to one place at once. */
  override toTerraform(): object {
    const { terraformResourceType: type, friendlyUniqueId } = this.resource;
    const [, ...later] = [...this.names, friendlyUniqueId];
    return {
      moved: this.names.map((from, index) => ({ from: `${type}.${from}`, to: `${type}.${later[index]}` })),
    };
  }
}

/**
 * Tells Terraform a resource's earlier construct ids among its siblings, the oldest first. Terraform then keeps the
 * existing resource under the new address. Without it, Terraform deletes and creates the same resource in one run, in
 * any order.
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
