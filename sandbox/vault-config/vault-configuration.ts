import { UserError } from "../../lib/processes/user-error";
import { inDependencyOrder } from "../../lib/synthesized/dependency-order";
import type { EvaluatedSystem } from "../../lib/synthesized/evaluated-system";
import type { ObjectValue } from "../../lib/synthesized/value";

/** A resource of the Vault provider for Vault. */
export interface VaultResource {
  /** `vault_mount.transit_mount_42804FD6` */
  address: string;
  /** `vault_mount` */
  type: string;
  /**
   * Every reference is resolved. Arguments that are null are left out (inside an object, they stay). An
   * EphemeralValue (ephemeral-values.ts) replaces a value that Terraform reads at each run, so this list contains no
   * secret.
   */
  arguments: ObjectValue;
  /** Addresses of the resources that must exist first, by reference, depends_on or replace_triggered_by. */
  dependsOn: string[];
  /** The block `lifecycle` as written: ignore_changes, replace_triggered_by and so on, in Terraform's spelling. */
  lifecycle: Readonly<Record<string, unknown>>;
}

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
