import { UserError } from "../../lib/processes/user-error";
import { inDependencyOrder } from "../../lib/synthesized/dependency-order";
import type { EvaluatedSystem } from "../../lib/synthesized/evaluated-system";
import type { VaultResource } from "./vault-resource";

/** Returns Vault's configuration from the stack vault-config, each resource after its dependencies. */
export function vaultConfiguration(deployment: EvaluatedSystem): VaultResource[] {
  const resources = deployment.stack("vault-config").resources.map((resource) => {
    if (!resource.type.startsWith("vault_")) {
      throw new UserError(`${resource.title} is not a resource of Vault, so the sandbox would ignore it.`);
    }
    return {
      address: resource.address,
      type: resource.type,
      arguments: resource.arguments,
      dependsOn: resource.dependencies,
      lifecycle: resource.lifecycle,
    };
  });
  return inDependencyOrder(
    new Map(resources.map((resource) => [resource.address, resource])),
    ({ dependsOn }) => dependsOn,
  );
}
