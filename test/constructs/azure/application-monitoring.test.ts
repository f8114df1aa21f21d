import { ApplicationMonitoring } from "../../../constructs/azure/application-monitoring";
import { synthesizeConstructs } from "../../synthesis";

describe("ApplicationMonitoring", () => {
  const stack = synthesizeConstructs(
    (scope) =>
      new ApplicationMonitoring(scope, "monitoring", {
        environment: "demo",
        resourceGroup: "rg",
        location: "westeurope",
        retentionDays: 90,
      }),
  );

  it("makes the workspace's shared keys, which the provider puts into the state, worthless", () => {
    expect(stack.only("azurerm_log_analytics_workspace").get("local_authentication_enabled")).toBe(false);
  });

  it("makes the insights' key and connection string worthless as well", () => {
    expect(stack.only("azurerm_application_insights").get("local_authentication_enabled")).toBe(false);
  });

  it("keeps logs as long as the environment says, in one workspace", () => {
    const workspace = stack.only("azurerm_log_analytics_workspace");
    expect(workspace.get("retention_in_days")).toBe(90);
    expect(stack.only("azurerm_application_insights").get("workspace_id")).toBe(workspace.ref("id"));
  });
});
