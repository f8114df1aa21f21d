import { type TerraformResource, TerraformStack } from "cdktf";
import { makeUniqueId } from "cdktf/lib/private/unique";

/**
 * Tells Terraform that a resource had another construct id among its siblings, so that what exists is kept under the new
 * address. Without it, Azure gets the deletion and the creation of the same thing in one run, in any order.
 */
export function formerly(resource: TerraformResource, id: string): void {
  const path = resource.node.scopes
    .filter((scope) => !TerraformStack.isStack(scope))
    .map(({ node }) => node.id);
  // The first scope is the app.
  const former = makeUniqueId([...path.slice(1, -1), id]);
  resource.moveFromId(`${resource.terraformResourceType}.${former}`);
}
