import { loadEnvironment } from "../../environments/load";
import type { Environment } from "../../environments/schema";
import { asObject, changed, type SynthesizedStack, synthesizeSystem } from "../synthesis";
import { readable } from "./readable";

describe("stack web-app", () => {
  it.each(["demo", "production"])("of %s", (environment) => {
    const stack = synthesizeSystem(loadEnvironment(environment)).get("web-app");
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

  it("outputs what the owner of the app registration must trust, once, if people sign in", () => {
    const stack = synthesizeSystem(loadEnvironment("production")).get("web-app") as SynthesizedStack;
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
