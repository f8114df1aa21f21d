import { Construct } from "constructs";
import { TerraformData } from "../terraform/terraform-data";
import type { AppPackage } from "./app-package";
import type { WebApp } from "./web-app";

export interface AppDeploymentProps {
  app: WebApp;
  package: AppPackage;
  resourceGroup: string;
  subscriptionId: string;
}

/**
 * Pushes the package with the deployer's Entra token. azurerm's own `zip_deploy_file` would use the basic
 * credentials, which this project disables.
 * App Service answers 409 while it works on an earlier deployment or restarts, and a connection may break. A repeated
 * push is harmless, so the shell tries up to five times.
 */
export class AppDeployment extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { app, package: appPackage, resourceGroup, subscriptionId }: AppDeploymentProps,
  ) {
    super(scope, id);
    new TerraformData(this, "push", {
      triggersReplace: { package: appPackage.hash, app: app.id },
      provisioners: [
        {
          type: "local-exec",
          command: upToFiveTimes(
            [
              "az webapp deploy --type zip --clean true",
              `--src-path ${appPackage.path}`,
              `--name ${app.name}`,
              `--resource-group ${resourceGroup}`,
              `--subscription ${subscriptionId}`,
            ].join(" "),
          ),
        },
      ],
    });
  }
}

/**
 * Shell that runs a command up to five times with growing pauses. If the last attempt fails, the shell exits with its
 * code.
 */
function upToFiveTimes(command: string): string {
  return `for pause in 10 20 40 60 last; do ${command} && exit 0; code=$?; [ $pause = last ] || { echo "Trying again in $pause s." >&2; sleep $pause; }; done; exit $code`;
}
