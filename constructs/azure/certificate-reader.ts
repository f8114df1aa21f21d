import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { Construct } from "constructs";

export interface CertificateReaderProps {
  /** Azure id of the certificate. */
  certificateId: string;
  principalId: string;
}

/**
 * Lets a client of Vault fetch the public half of Vault's certificate, so that it follows a renewal by itself.
 * `Key Vault Reader` sees metadata only: neither secrets nor private keys. Source: Azure's built-in roles.
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
