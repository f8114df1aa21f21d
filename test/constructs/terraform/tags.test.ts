import { PublicIp } from "@cdktf/provider-azurerm/lib/public-ip";
import { ResourceGroup } from "@cdktf/provider-azurerm/lib/resource-group";
import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { Construct } from "constructs";
import { tagEveryResource } from "../../../constructs/terraform/tags";
import { synthesizeConstructs } from "../../synthesis";

describe("tagEveryResource", () => {
  const stack = synthesizeConstructs((scope) => {
    tagEveryResource(scope, { environment: "demo", owner: "platform" });
    new ResourceGroup(scope, "group", { name: "rg", location: "westeurope" });
    const deep = new Construct(new Construct(scope, "outer"), "inner");
    new PublicIp(deep, "address", {
      name: "pip",
      resourceGroupName: "rg",
      location: "westeurope",
      allocationMethod: "Static",
      tags: { owner: "network" },
    });
    new RoleAssignment(scope, "assignment", { scope: "/rg", principalId: "somebody" });
  });

  it("tags each resource at every depth", () => {
    expect(stack.only("azurerm_resource_group").get("tags")).toEqual({
      environment: "demo",
      owner: "platform",
    });
  });

  it("keeps a resource's own tags", () => {
    expect(stack.only("azurerm_public_ip").get("tags")).toEqual({ environment: "demo", owner: "network" });
  });

  it("ignores the tags that an Azure Policy sets, besides a resource's own ignored attributes", () => {
    const withPolicy = synthesizeConstructs((scope) => {
      tagEveryResource(scope, { environment: "demo" }, ["Cost Center", "owner"]);
      const lifecycle = { preventDestroy: true, ignoreChanges: ["location"] };
      new ResourceGroup(scope, "group", { name: "rg", location: "westeurope", lifecycle });
      new RoleAssignment(scope, "assignment", { scope: "/rg", principalId: "somebody" });
    });
    expect(withPolicy.only("azurerm_resource_group").get("lifecycle")).toEqual({
      prevent_destroy: true,
      ignore_changes: ["location", 'tags["Cost Center"]', 'tags["owner"]'],
    });
    expect(withPolicy.only("azurerm_role_assignment").attributes).not.toHaveProperty("lifecycle");
  });

  it("skips resources that do not accept tags", () => {
    expect(stack.only("azurerm_role_assignment").attributes).not.toHaveProperty("tags");
  });
});
