import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { Construct } from "constructs";

export interface CertificateReaderProps {
  /** Azure id of the certificate. */
  certificateId: string;
  principalId: string;
}

/**
 * Lets a client fetch the public half of Vault's certificate, so the client follows renewals automatically. `Key
 * Vault Reader` sees only metadata, no secrets and no private keys. Source: Azure's built-in roles.
 */
export class CertificateReader extends Construct {
  constructor(scope: Construct, id: string, { certificateId, principalId }: CertificateReaderProps) {
    super(scope, id);
    new RoleAssignment(this, "assignment", {
      scope: certificateId,
      roleDefinitionName: "Key Vault Reader",
      principalId,
      principalType: "ServicePrincipal",
    });
  }
}
