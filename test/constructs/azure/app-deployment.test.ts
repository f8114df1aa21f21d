import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
const [provisioner] = push.get("provisioner") as unknown[];
const command = String(asObject(asObject(provisioner)["local-exec"])["command"]);

describe("AppDeployment", () => {
  it("pushes again only when the package or the application changes", () => {
    expect(push.get("triggers_replace")).toEqual({ app: app.ref("id"), package: hash });
  });

  it("pushes with the deployer's Entra token, which the Azure CLI holds", () => {
    expect(command).toContain(
      `az webapp deploy --type zip --clean true --src-path assets/app.zip --name ${app.ref("name")} --resource-group rg --subscription s`,
    );
  });

  /** Returns the exit code and calls of the command if az fails that often before it succeeds. */
  function run(failures: number): { code: number; calls: string[] } {
    const folder = mkdtempSync(join(tmpdir(), "app-deployment-"));
    try {
      const programs = {
        az: `echo "az $2" >>"${folder}/calls"; [ "$(grep -c az "${folder}/calls")" -gt ${failures} ] || exit 3`,
        sleep: `echo "sleep $1" >>"${folder}/calls"`,
      };
      for (const [name, text] of Object.entries(programs)) {
        writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
      }
      const shell = command.replaceAll(/\$\{[^}]*\}/g, "app-demo");
      const { status } = spawnSync("sh", ["-c", shell], { env: { PATH: `${folder}:/usr/bin:/bin` } });
      return { code: status ?? -1, calls: readFileSync(join(folder, "calls"), "utf8").trim().split("\n") };
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  it("pushes once when the first push succeeds", () => {
    expect(run(0)).toEqual({ code: 0, calls: ["az deploy"] });
  });

  it("pushes again after a 409 or a broken connection", () => {
    expect(run(2)).toEqual({
      code: 0,
      calls: ["az deploy", "sleep 10", "az deploy", "sleep 20", "az deploy"],
    });
  });

  it("fails with az's exit code when the fifth attempt fails", () => {
    const { code, calls } = run(9);
    expect(code).toBe(3);
    expect(calls.filter((call) => call === "az deploy")).toHaveLength(5);
    expect(calls.at(-1)).toBe("az deploy");
  });

  it("does not let azurerm publish, because that needs basic authentication", () => {
    expect(app.attributes).not.toHaveProperty("zip_deploy_file");
  });
});
