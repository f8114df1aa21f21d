import { PublicAddress } from "../../../../constructs/azure/network/public-address";
import { azureClouds } from "../../../../environments/azure-clouds";
import { synthesizeConstructs } from "../../../synthesis";

const props = {
  name: "pip",
  resourceGroup: "rg",
  location: "westeurope",
  dnsLabel: "vault-demo",
  cloud: azureClouds.AzureCloud,
};

describe("PublicAddress", () => {
  it("is fixed and has a DNS name", () => {
    const stack = synthesizeConstructs((scope) => new PublicAddress(scope, "address", props));
    expect(stack.only("azurerm_public_ip").attributes).toEqual({
      name: "pip",
      resource_group_name: "rg",
      location: "westeurope",
      sku: "Standard",
      allocation_method: "Static",
      domain_name_label: "vault-demo",
      lifecycle: { create_before_destroy: true },
    });
  });

  it("knows its full name before it exists, so the certificate does not wait for it", () => {
    let domainName = "";
    synthesizeConstructs((scope) => {
      domainName = new PublicAddress(scope, "address", props).domainName;
    });
    expect(domainName).toBe("vault-demo.westeurope.cloudapp.azure.com");
  });

  it("is in the VM's zone", () => {
    const stack = synthesizeConstructs(
      (scope) => new PublicAddress(scope, "address", { ...props, zone: "2" }),
    );
    expect(stack.only("azurerm_public_ip").get("zones")).toEqual(["2"]);
  });
});
