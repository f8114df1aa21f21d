import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { Construct } from "constructs";

export interface PackageReaderProps {
  /** Azure id of the container with the package. */
  containerId: string;
  principalId: string;
}

/** Lets a VM fetch the application's package. */
export class PackageReader extends Construct {
  constructor(scope: Construct, id: string, { containerId, principalId }: PackageReaderProps) {
    super(scope, id);
    new RoleAssignment(this, "assignment", {
      scope: containerId,
      roleDefinitionName: "Storage Blob Data Reader",
      principalId,
      principalType: "ServicePrincipal",
    });
  }
}
