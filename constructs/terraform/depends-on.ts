import type { ITerraformDependable } from "cdktf";

/** Returns a value for `dependsOn`. Without anything to wait for, it is undefined, so that the JSON has no empty list. */
export function dependsOn(
  ...resources: readonly (ITerraformDependable | undefined)[]
): ITerraformDependable[] | undefined {
  const present = resources.filter((resource) => resource !== undefined);
  return present.length > 0 ? present : undefined;
}
