import { UserError } from "../../lib/processes/user-error";
import { inDependencyOrder } from "../../lib/synthesized/dependency-order";
import type { Deployment } from "../../lib/synthesized/deployment";
import type { ObjectValue } from "../../lib/synthesized/value";

/** A resource of the Vault provider, to be sent to Vault. */
export interface VaultResource {
  /** `vault_mount.transit_mount_42804FD6` */
  address: string;
  /** `vault_mount` */
  type: string;
  /**
   * Every reference resolved, arguments that are null left out (inside an object, they stay). A value that Terraform reads at each run is an
   * EphemeralValue in its place (ephemeral-values.ts): this list holds no secret.
   */
  arguments: ObjectValue;
  /** Addresses of the resources that must be there first, by reference, depends_on or replace_triggered_by. */
  dependsOn: string[];
  /** As it is written: ignore_changes, replace_triggered_by and so on, in Terraform's words. */
  lifecycle: Readonly<Record<string, unknown>>;
}

/** What the stack vault-config tells Vault, each after what it depends on. */
export function vaultConfiguration(deployment: Deployment): VaultResource[] {
  const resources = deployment.stack("vault-config").resources.map((resource) => {
    if (!resource.type.startsWith("vault_")) {
      throw new UserError(`${resource.title} is no resource of Vault, and the sandbox would pass it over.`);
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
