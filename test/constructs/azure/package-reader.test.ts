import { PackageReader } from "../../../constructs/azure/package-reader";
import { synthesizeConstructs } from "../../synthesis";

describe("PackageReader", () => {
  it("lets one identity read, but not write, the blobs of one container", () => {
    const stack = synthesizeConstructs(
      (scope) =>
        new PackageReader(scope, "reader", { containerId: "/st/containers/app", principalId: "machine" }),
    );
    expect(stack.only("azurerm_role_assignment").attributes).toEqual({
      role_definition_name: "Storage Blob Data Reader",
      principal_id: "machine",
      principal_type: "ServicePrincipal",
      scope: "/st/containers/app",
    });
  });
});
