import { TerraformOutput } from "cdktf";
import { AppPackage } from "../../../constructs/azure/app-package";
import { PackageStore, type PackageStoreProps } from "../../../constructs/azure/package-store";
import { asObject, synthesizeConstructs } from "../../synthesis";

const stackOf = (changes: Partial<PackageStoreProps> = {}) =>
  synthesizeConstructs((scope) => {
    const { packageUrl, containerId } = new PackageStore(scope, "store", {
      name: "stdemoabc123",
      resourceGroup: "rg",
      location: "westeurope",
      package: new AppPackage(scope, "package"),
      allowedRanges: ["203.0.113.0/24", "198.51.100.7/32", "198.51.100.8/31", "10.50.0.0/24"],
      allowedSubnets: ["/agents"],
      ...changes,
    });
    new TerraformOutput(scope, "url", { value: packageUrl });
    new TerraformOutput(scope, "id", { value: containerId });
  });
const stack = stackOf();
const account = stack.only("azurerm_storage_account");

describe("PackageStore", () => {
  it("admits only identities: no account key, no local user, nothing public", () => {
    expect(account.attributes).toMatchObject({
      shared_access_key_enabled: false,
      local_user_enabled: false,
      allow_nested_items_to_be_public: false,
      https_traffic_only_enabled: true,
      min_tls_version: "TLS1_2",
    });
    expect(stack.only("azurerm_storage_container").get("container_access_type")).toBe("private");
  });

  it("admits only named networks, with single addresses in its firewall's format", () => {
    expect(asObject(account.get("network_rules"))).toEqual({
      default_action: "Deny",
      bypass: ["None"],
      ip_rules: ["198.51.100.7", "198.51.100.8", "198.51.100.9", "203.0.113.0/24"],
      virtual_network_subnet_ids: ["/agents"],
    });
  });

  it("gets the package with the deployer's own token, after the container exists and after each change", () => {
    const push = stack.only("terraform_data");
    const [provisioner] = push.get("provisioner") as {
      "local-exec": { command: string; environment: Record<string, string> };
    }[];
    expect(provisioner?.["local-exec"].command).toMatch(
      /^az storage blob upload --auth-mode login .*--file "\$FILE" --account-name "\$ACCOUNT" --container-name "\$CONTAINER" --name "\$BLOB"$/,
    );
    expect(provisioner?.["local-exec"].command).not.toMatch(/key|sas|connection/);
    expect(provisioner?.["local-exec"].environment).toEqual({
      FILE: "assets/app.zip",
      ACCOUNT: account.ref("name"),
      CONTAINER: "app",
      BLOB: "app.zip",
    });
    expect(push.get("depends_on")).toEqual([
      `azurerm_storage_container.${stack.only("azurerm_storage_container").id}`,
    ]);
    expect(asObject(push.get("triggers_replace"))).toMatchObject({
      package: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  describe("with a private endpoint", () => {
    const zoneIds = { vault: "/zones/vault", blob: "/zones/blob" };
    const privateEndpoints = { subnetId: "/subnets/endpoints", zoneIds };

    it("gets the package after the endpoint exists, because a deployer may have no other way", () => {
      const privately = stackOf({ privateEndpoints, allowedSubnets: [] });
      const endpoint = privately.only("azurerm_private_endpoint");
      expect(endpoint.get("private_service_connection")).toMatchObject({
        private_connection_resource_id: privately.only("azurerm_storage_account").ref("id"),
        subresource_names: ["blob"],
      });
      expect(privately.only("terraform_data").get("depends_on")).toContain(
        `azurerm_private_endpoint.${endpoint.id}`,
      );
    });

    it.each([
      [["203.0.113.0/24"], undefined],
      [["10.50.0.0/24"], false],
    ])("and deployers in %s: has a public address only for public ones", (allowedRanges, expected) => {
      const account = stackOf({ privateEndpoints, allowedSubnets: [], allowedRanges }).only(
        "azurerm_storage_account",
      );
      expect(account.get("public_network_access_enabled")).toBe(expected);
    });
  });

  it("returns the package's address, and the scope of the readers' right", () => {
    expect(stack.outputs.get("url")).toBe(`${account.ref("primary_blob_endpoint")}app/app.zip`);
    expect(stack.outputs.get("id")).toBe(`${account.ref("id")}/blobServices/default/containers/app`);
  });
});
