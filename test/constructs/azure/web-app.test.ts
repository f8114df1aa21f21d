import { ApplicationMonitoring } from "../../../constructs/azure/application-monitoring";
import { WebApp, type WebAppProps } from "../../../constructs/azure/web-app";
import { WebAppLogin } from "../../../constructs/azure/web-app-login";
import { azureClouds } from "../../../environments/azure-clouds";
import { asObject, synthesizeConstructs } from "../../synthesis";

const clientId = "77777777-7777-4777-8777-777777777777";

function stackOf(changes: Partial<WebAppProps> = {}, withLogin = false) {
  return synthesizeConstructs((scope) => {
    const monitoring = new ApplicationMonitoring(scope, "monitoring", {
      environment: "demo",
      resourceGroup: "rg",
      location: "westeurope",
      retentionDays: 30,
    });
    const login = withLogin
      ? new WebAppLogin(scope, "login", {
          name: "id-demo-webapp-login",
          resourceGroup: "rg",
          location: "westeurope",
          tenantId: "tenant",
          cloud: azureClouds.AzureCloud,
          clientId,
        })
      : undefined;
    new WebApp(scope, "app", {
      name: "app-demo-webapp",
      resourceGroup: "rg",
      location: "westeurope",
      servicePlanId: "/plan",
      subnetId: "/subnet",
      monitoring,
      visitorRanges: [
        { name: "office", cidr: "203.0.113.0/24" },
        { name: "clients", cidr: "198.51.100.0/24" },
      ],
      deployerRanges: [{ name: "office", cidr: "203.0.113.0/24" }],
      deployerSubnets: [],
      settings: { VAULT_ADDR: "https://vault.demo.internal:8200" },
      login,
      ...changes,
    });
  });
}

const stack = stackOf();
const app = stack.only("azurerm_linux_web_app");
const site = asObject(app.get("site_config"));

describe("WebApp", () => {
  it("answers only over HTTPS, with TLS 1.2 or newer", () => {
    expect(app.get("https_only")).toBe(true);
    expect(site).toMatchObject({ minimum_tls_version: "1.2", scm_minimum_tls_version: "1.2" });
  });

  it("disables the publishing credentials, which the provider puts into the state", () => {
    expect(app.attributes).toMatchObject({
      ftp_publish_basic_authentication_enabled: false,
      webdeploy_publish_basic_authentication_enabled: false,
    });
  });

  it("has neither FTP nor remote debugging", () => {
    expect(site).toMatchObject({ ftps_state: "Disabled", remote_debugging_enabled: false });
  });

  it("does not change the tags with which Azure's portal finds Application Insights", () => {
    expect(asObject(app.get("lifecycle"))["ignore_changes"]).toEqual([
      'tags["hidden-link: /app-insights-resource-id"]',
      'tags["hidden-link: /app-insights-instrumentation-key"]',
      'tags["hidden-link: /app-insights-conn-string"]',
    ]);
  });

  it("admits visitors only from the named ranges", () => {
    expect(site["ip_restriction_default_action"]).toBe("Deny");
    expect(site["ip_restriction"]).toEqual([
      { name: "clients", action: "Allow", ip_address: "198.51.100.0/24", priority: 100 },
      { name: "office", action: "Allow", ip_address: "203.0.113.0/24", priority: 101 },
    ]);
  });

  it("accepts packages from a subnet in the same region, by its id", () => {
    const subnet = "/subscriptions/1/virtualNetworks/vnet/subnets/snet-runners";
    const fromSubnet = stackOf({ deployerSubnets: [subnet] }).only("azurerm_linux_web_app");
    expect(asObject(fromSubnet.get("site_config"))["scm_ip_restriction"]).toContainEqual({
      name: "snet-runners",
      action: "Allow",
      virtual_network_subnet_id: subnet,
      priority: 101,
    });
  });

  it("accepts packages only from the deployers' ranges", () => {
    expect(site["scm_ip_restriction_default_action"]).toBe("Deny");
    expect(site["scm_ip_restriction"]).toEqual([
      { name: "office", action: "Allow", ip_address: "203.0.113.0/24", priority: 100 },
    ]);
  });

  it("sends everything through its subnet, by which Vault, Key Vault and MySQL recognize it", () => {
    expect(app.get("virtual_network_subnet_id")).toBe("/subnet");
    expect(site["vnet_route_all_enabled"]).toBe(true);
  });

  it("has a system-assigned identity", () => {
    expect(app.get("identity")).toEqual({ type: "SystemAssigned" });
  });

  it("is taken out of service when its health check fails", () => {
    expect(site).toMatchObject({ health_check_path: "/healthz", health_check_eviction_time_in_min: 2 });
  });

  it("runs a long-term supported Node", () => {
    expect(site["application_stack"]).toEqual({ node_version: "24-lts" });
  });

  it("gets settings without a secret, and sends telemetry with its identity", () => {
    expect(app.get("app_settings")).toEqual({
      VAULT_ADDR: "https://vault.demo.internal:8200",
      APPLICATIONINSIGHTS_CONNECTION_STRING: stack
        .only("azurerm_application_insights")
        .ref("connection_string"),
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: "Authorization=AAD",
      ApplicationInsightsAgent_EXTENSION_VERSION: "~3",
      SCM_DO_BUILD_DURING_DEPLOYMENT: "false",
      WEBSITES_CONTAINER_STOP_TIME_LIMIT: "30",
    });
    expect(app.attributes).not.toHaveProperty("connection_string");
  });

  it("can send telemetry, and has no other right of its own", () => {
    expect(stack.only("azurerm_role_assignment").attributes).toEqual({
      role_definition_name: "Monitoring Metrics Publisher",
      principal_id: `\${azurerm_linux_web_app.${app.id}.identity[0].principal_id}`,
      principal_type: "ServicePrincipal",
      scope: stack.only("azurerm_application_insights").ref("id"),
    });
  });

  it("logs who called, who deployed and who was refused in Log Analytics", () => {
    const setting = stack.only("azurerm_monitor_diagnostic_setting");
    expect(setting.attributes).toMatchObject({
      target_resource_id: app.ref("id"),
      log_analytics_workspace_id: stack.only("azurerm_log_analytics_workspace").ref("id"),
    });
    expect(setting.get("enabled_log")).toEqual(
      expect.arrayContaining([{ category: "AppServiceHTTPLogs" }, { category: "AppServiceAuditLogs" }]),
    );
  });
});

describe("WebApp without login", () => {
  it("does not change App Service's authentication", () => {
    expect(app.attributes).not.toHaveProperty("auth_settings_v2");
    expect(app.attributes).not.toHaveProperty("sticky_settings");
  });
});

describe("WebApp with login", () => {
  const stack = stackOf({}, true);
  const app = stack.only("azurerm_linux_web_app");
  const login = asObject(app.get("auth_settings_v2"));
  const identity = stack.only("azurerm_user_assigned_identity");

  it("admits only people who signed in, over HTTPS", () => {
    expect(login).toMatchObject({
      auth_enabled: true,
      require_authentication: true,
      unauthenticated_action: "RedirectToLoginPage",
      require_https: true,
    });
  });

  it("answers only App Service's health check without a sign-in", () => {
    expect(login["excluded_paths"]).toEqual(["/healthz"]);
    expect(asObject(app.get("site_config"))["health_check_path"]).toBe("/healthz");
  });

  it("admits people of its own tenant who signed in to its app registration", () => {
    expect(login["active_directory_v2"]).toEqual({
      client_id: clientId,
      tenant_auth_endpoint: "https://login.microsoftonline.com/tenant/v2.0",
      client_secret_setting_name: "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID",
      allowed_audiences: [clientId, `api://${clientId}`],
    });
  });

  it("uses an identity for the app registration instead of a client secret", () => {
    expect(asObject(app.get("app_settings"))["OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"]).toBe(
      identity.ref("client_id"),
    );
    expect(app.get("sticky_settings")).toEqual({
      app_setting_names: ["OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"],
    });
  });

  it("keeps the system-assigned identity, by which Vault recognizes the application", () => {
    expect(app.get("identity")).toEqual({
      type: "SystemAssigned, UserAssigned",
      identity_ids: [identity.ref("id")],
    });
  });

  it("keeps nobody's tokens", () => {
    expect(login["login"]).toEqual({ token_store_enabled: false });
  });

  it("gives the identity no right in Azure", () => {
    const assignments = stack.resources("azurerm_role_assignment");
    expect(JSON.stringify(assignments.map(({ attributes }) => attributes))).not.toContain(
      "azurerm_user_assigned_identity",
    );
  });

  it("logs who signed in and who was refused in Log Analytics", () => {
    expect(stack.only("azurerm_monitor_diagnostic_setting").get("enabled_log")).toContainEqual({
      category: "AppServiceAuthenticationLogs",
    });
  });
});
