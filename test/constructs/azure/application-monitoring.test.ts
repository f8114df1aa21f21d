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

  it("disables the workspace's shared keys, which the provider puts into the state", () => {
    expect(stack.only("azurerm_log_analytics_workspace").get("local_authentication_enabled")).toBe(false);
  });

  it("disables the insights' key and connection string, too", () => {
    expect(stack.only("azurerm_application_insights").get("local_authentication_enabled")).toBe(false);
  });

  it("keeps logs in one workspace for as long as the environment sets", () => {
    const workspace = stack.only("azurerm_log_analytics_workspace");
    expect(workspace.get("retention_in_days")).toBe(90);
    expect(stack.only("azurerm_application_insights").get("workspace_id")).toBe(workspace.ref("id"));
  });
});
