import { AppDeployment } from "../../../constructs/azure/app-deployment";
import { AppPackage } from "../../../constructs/azure/app-package";
import { ApplicationMonitoring } from "../../../constructs/azure/application-monitoring";
import { WebApp } from "../../../constructs/azure/web-app";
import { asObject, synthesizeConstructs } from "../../synthesis";

let hash = "";
const stack = synthesizeConstructs((scope) => {
  const appPackage = new AppPackage(scope, "package");
  hash = appPackage.hash;
  const monitoring = new ApplicationMonitoring(scope, "monitoring", {
    environment: "demo",
    resourceGroup: "rg",
    location: "westeurope",
    retentionDays: 30,
  });
  const app = new WebApp(scope, "app", {
    name: "app-demo",
    resourceGroup: "rg",
    location: "westeurope",
    servicePlanId: "/plan",
    subnetId: "/subnet",
    monitoring,
    visitorRanges: [],
    deployerRanges: [],
    deployerSubnets: [],
    settings: {},
  });
  new AppDeployment(scope, "deployment", {
    app,
    package: appPackage,
    resourceGroup: "rg",
    subscriptionId: "s",
  });
});
const push = stack.only("terraform_data");
const app = stack.only("azurerm_linux_web_app");

describe("AppDeployment", () => {
  it("pushes again when the package or the application is another one, and only then", () => {
    expect(push.get("triggers_replace")).toEqual({ app: app.ref("id"), package: hash });
  });

  it("pushes with the deployer's Entra token, which the Azure CLI holds", () => {
    const [provisioner] = push.get("provisioner") as unknown[];
    expect(asObject(asObject(provisioner)["local-exec"])["command"]).toBe(
      `az webapp deploy --type zip --clean true --src-path assets/app.zip --name ${app.ref("name")} --resource-group rg --subscription s`,
    );
  });

  it("does not let azurerm publish, since that takes basic authentication", () => {
    expect(app.attributes).not.toHaveProperty("zip_deploy_file");
  });
});
