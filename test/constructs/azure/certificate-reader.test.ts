import { CertificateReader } from "../../../constructs/azure/certificate-reader";
import { synthesizeConstructs } from "../../synthesis";

describe("CertificateReader", () => {
  it("lets one identity see one certificate's metadata, without secrets and private keys", () => {
    const stack = synthesizeConstructs(
      (scope) =>
        new CertificateReader(scope, "reader", {
          certificateId: "/kv/certificates/vault-tls",
          principalId: "client",
        }),
    );
    expect(stack.only("azurerm_role_assignment").attributes).toEqual({
      role_definition_name: "Key Vault Reader",
      principal_id: "client",
      principal_type: "ServicePrincipal",
      scope: "/kv/certificates/vault-tls",
    });
  });
});
