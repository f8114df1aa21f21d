import { ManagementLock } from "@cdktf/provider-azurerm/lib/management-lock";
import { Construct } from "constructs";

export interface DeletionLockProps {
  /** Azure resource id of the resource that must not be deleted. */
  resourceId: string;
  /** The data that a deletion would lose. The lock's note names it. */
  protects: string;
}

/** A CanNotDelete lock: Azure refuses the deletion from Terraform, the portal and the command line. */
export class DeletionLock extends Construct {
  constructor(scope: Construct, id: string, { resourceId, protects }: DeletionLockProps) {
    super(scope, id);
    new ManagementLock(this, "lock", {
      name: "keep",
      scope: resourceId,
      lockLevel: "CanNotDelete",
      notes: `Deleting this loses ${protects}. To allow it, set protectData to false in the environment file, and deploy.`,
    });
  }
}
