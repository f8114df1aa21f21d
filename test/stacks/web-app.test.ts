import { loadEnvironment } from "../../environments/load";
import type { Environment } from "../../environments/schema";
import { asObject, changed, type SynthesizedStack, sharedSystem, synthesizeSystem } from "../synthesis";
import { readable } from "./readable";

interface Rule {
  metric_trigger: { threshold: number };
  scale_action: { direction: string };
}

describe("stack web-app", () => {
  it.each(["demo", "production"])("of %s", (environment) => {
    const stack = sharedSystem(loadEnvironment(environment)).get("web-app");
    expect(stack && readable(stack)).toMatchSnapshot();
  });

  function stackOf(change: (environment: Environment) => void): SynthesizedStack {
    const stacks = synthesizeSystem(changed(loadEnvironment("demo"), change));
    return stacks.get("web-app") as SynthesizedStack;
  }

  it("gives an application the addresses of Vault and MySQL and its rights, but no secret", () => {
    const settings = asObject(
      stackOf(() => {})
        .only("azurerm_linux_web_app")
        .get("app_settings"),
    );
    expect(settings).toMatchObject({
      VAULT_ADDR: "https://vault.demo.internal:8200",
      VAULT_AUTH_MOUNT: "jwt",
      VAULT_ROLE: "webapp-role",
      VAULT_TOKEN_RESOURCE: "https://management.azure.com/",
      VAULT_DATABASE_CREDENTIALS_PATH: "database/creds/long",
    });
    expect(Object.keys(settings)).toEqual(
      expect.arrayContaining(["MYSQL_HOST", "MYSQL_DATABASE", "VAULT_CACERT_BYTES"]),
    );
  });

  it("does not give MySQL's address to an application without a database role", () => {
    const stack = stackOf(({ webApps }) => {
      for (const workload of webApps) delete workload.databaseRole;
    });
    const settings = asObject(stack.only("azurerm_linux_web_app").get("app_settings"));
    expect(Object.keys(settings).filter((name) => /MYSQL|DATABASE/.test(name))).toEqual([]);
  });

  it("gives each application its own identity and rights, on one plan", () => {
    const stack = stackOf(({ webApps }) => {
      webApps.push({ name: "second", paths: [], tokenTtl: "1h", requireLogin: false });
    });
    expect(stack.resources("azurerm_linux_web_app")).toHaveLength(2);
    expect(stack.resources("azurerm_role_assignment")).toHaveLength(4);
    expect(stack.resources("azurerm_service_plan")).toHaveLength(1);
  });

  it("counts workers by their load if the environment sets a maximum", () => {
    const stack = stackOf(({ webAppPlan }) => {
      Object.assign(webAppPlan, { sku: "P1v3", workers: 3, maxWorkers: 6 });
    });
    const plan = stack.only("azurerm_service_plan");
    const setting = stack.only("azurerm_monitor_autoscale_setting");
    const [profile] = setting.get("profile") as { capacity: unknown; rule: Rule[] }[];
    expect(setting.get("target_resource_id")).toBe(plan.ref("id"));
    expect(profile?.capacity).toEqual({ minimum: 3, default: 3, maximum: 6 });
    expect(
      profile?.rule.map(({ metric_trigger: { threshold }, scale_action: { direction } }) => [
        direction,
        threshold,
      ]),
    ).toEqual([
      ["Increase", 70],
      ["Decrease", 30],
    ]);
    // Otherwise each deployment would bring the number back.
    expect(plan.get("lifecycle")).toEqual({ ignore_changes: ["worker_count"] });
  });

  it("removes no worker whose load would add one again", () => {
    const stack = sharedSystem(loadEnvironment("production")).get("web-app") as SynthesizedStack;
    const [profile] = stack.only("azurerm_monitor_autoscale_setting").get("profile") as { rule: Rule[] }[];
    const [upper = 0, lower = 0] = profile?.rule.map((rule) => rule.metric_trigger.threshold) ?? [];
    for (let workers = 2; workers <= 30; workers++)
      expect((lower * workers) / (workers - 1)).toBeLessThan(upper);
  });

  it("has a fixed number of workers otherwise", () => {
    const stack = stackOf(() => {});
    expect(stack.resources("azurerm_monitor_autoscale_setting")).toEqual([]);
    expect(stack.only("azurerm_service_plan").attributes).not.toHaveProperty("lifecycle");
  });

  it("outputs what the owner of the app registration must trust, once, if people sign in", () => {
    const stack = sharedSystem(loadEnvironment("production")).get("web-app") as SynthesizedStack;
    const credentials = asObject(stack.outputs.get("webapp_federated_credentials"));
    expect(Object.keys(credentials).sort()).toEqual(["archive", "webapp"]);
    expect(credentials["webapp"]).toMatchObject({ audiences: ["api://AzureADTokenExchange"] });
    expect(stackOf(() => {}).outputs.has("webapp_federated_credentials")).toBe(false);
  });

  it("outputs no address without web apps", () => {
    const stack = stackOf((environment) => {
      environment.webApps = [];
    });
    expect(stack.outputs.has("webapp_url")).toBe(false);
  });
});
