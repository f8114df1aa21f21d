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
 * Pushes the package with the deployer's Entra token. azurerm's own `zip_deploy_file` would publish with the basic
 * credentials that are switched off here.
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
          command: [
            "az webapp deploy --type zip --clean true",
            `--src-path ${appPackage.path}`,
            `--name ${app.name}`,
            `--resource-group ${resourceGroup}`,
            `--subscription ${subscriptionId}`,
          ].join(" "),
        },
      ],
    });
  }
}
